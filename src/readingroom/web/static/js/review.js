// The checker's page: one file at a time, and keys. Without JavaScript all files stand below each other.
"use strict";
const sheets = [...document.querySelectorAll(".rr-sheet")];
const links = [...document.querySelectorAll(".rr-files a")];
const form = document.getElementById("review");
const progress = document.getElementById("progress");
let current = 0;

const show = (index, move) => {
  current = Math.max(0, Math.min(sheets.length - 1, index));
  sheets.forEach((sheet, place) => { sheet.hidden = place !== current; });
  links.forEach((link, place) => {
    if (place === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  });
  if (move) { sheets[current].focus({ preventScroll: true }); window.scrollTo({ top: Math.min(window.scrollY, form.offsetTop) }); }
};

const count = () => {
  if (!progress) return;
  const decided = sheets.filter((sheet) => {
    const chosen = sheet.querySelector("input[type=radio]:checked");
    return chosen ? chosen.dataset.key !== "u" : sheet.querySelector("[data-carried]");
  }).length;
  progress.textContent = `${decided} of ${sheets.length} decided`;
};

if (sheets.length) {
  links.forEach((link, place) => link.addEventListener("click", (event) => { event.preventDefault(); show(place, true); }));
  form.addEventListener("change", count);
  const keys = document.getElementById("keys");
  if (keys) keys.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select, input[type=text]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "j") show(current + 1, true);
    else if (event.key === "k") show(current - 1, true);
    else if (event.key === "/") {
      const box = sheets[current].querySelector("textarea");
      if (box) { event.preventDefault(); box.focus(); }
    } else if (["a", "c", "u"].includes(event.key)) {
      const choice = sheets[current].querySelector(`input[data-key=${event.key}]`);
      if (choice) { choice.checked = true; count(); }
    }
  });
  const wanted = sheets.findIndex((sheet) => `#${sheet.id}` === location.hash);
  show(Math.max(0, wanted), false);
  count();
}
