// Follows a workspace's start without reloading the page; without JavaScript the page reloads itself instead.
"use strict";
const opening = document.getElementById("opening");
if (opening && opening.dataset.stateUrl) {
  const before = opening.dataset.state, preparing = opening.dataset.preparing;
  const look = async () => {
    const answer = await fetch(opening.dataset.stateUrl, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && !answer.ok) { location.reload(); return; }
    const now = answer ? await answer.json() : null;
    if (now && (now.state !== before || now.preparing !== preparing || (now.state === "stopped" && !now.preparing))) {
      location.reload();
      return;
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 700);
}
