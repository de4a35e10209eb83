// Follows a workspace without reloading the page: its start, and while it is open whether it still is. Without JavaScript
// the opening page reloads itself instead.
"use strict";
const opening = document.getElementById("opening");
if (opening && opening.dataset.stateUrl) {
  const before = opening.dataset.state, preparing = opening.dataset.preparing || "";
  const pause = before === "running" ? 3000 : 1000;
  const look = async () => {
    const answer = await fetch(opening.dataset.stateUrl, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && answer.status < 500 && !answer.ok) { location.reload(); return; }
    const now = answer && answer.ok ? await answer.json() : null;
    if (now && (now.state !== before || now.preparing !== preparing || (now.state === "stopped" && !now.preparing))) {
      location.reload();
      return;
    }
    for (const fact of opening.querySelectorAll("[data-fact]")) {
      const words = now && now[fact.dataset.fact];
      if (typeof words !== "string") continue;
      if (fact.textContent !== words) fact.textContent = words; // an alert is read out when it changes
      if (fact.hasAttribute("role")) fact.hidden = words === "";
    }
    setTimeout(look, pause);
  };
  setTimeout(look, 700);
}
