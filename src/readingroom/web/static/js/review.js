// The checker's page: one file at a time, and keys. Without JavaScript all files stand below each other, and every key
// here has a link, field or button that does the same.
"use strict";
const sheets = [...document.querySelectorAll(".rr-sheet")];
const links = [...document.querySelectorAll(".rr-files a")];
const form = document.getElementById("review");
const progress = document.getElementById("progress");
const keyList = document.getElementById("keys");
const keySwitch = document.getElementById("keys-on");
const KEYS_OFF = "rr-review-keys-off";
let current = 0;

const here = (selector) => sheets[current].querySelector(selector);

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

// A place was chosen: its form opens here, without asking the server for it.
const commentOn = (place) => {
  const say = here("details.rr-say");
  if (!say) return false;
  say.open = true;
  say.querySelector("input").value = place.value.split(" ")[1];
  say.querySelector("textarea").focus();
  return true;
};

// In a table the arrow keys go from cell to cell, in text from line to line.
const neighbour = (place, key) => {
  const places = [...sheets[current].querySelectorAll(".rr-place")];
  const cell = place.closest("td, th");
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step) return places[places.indexOf(place) + step];
  const rows = [...cell.closest("table").querySelectorAll("tr")];
  const beyond = rows[rows.indexOf(cell.parentElement) + (key === "ArrowUp" ? -1 : 1)];
  return beyond && (beyond.cells[cell.cellIndex]?.querySelector(".rr-place") || beyond.querySelector(".rr-place"));
};

const focusOn = (element) => { if (element) element.focus(); return Boolean(element); };
const choose = (key) => {
  const choice = here(`input[data-key=${key}]`);
  if (choice) { choice.checked = true; count(); }
  return Boolean(choice);
};
const ACTIONS = {
  j: () => show(current + 1, true),
  k: () => show(current - 1, true),
  a: () => choose("a"),
  c: () => choose("c"),
  u: () => choose("u"),
  "/": () => focusOn(here(".rr-vote textarea")),
  p: () => focusOn(here(".rr-flag .rr-place") || here(".rr-place")),
  w: () => { const say = here("details.rr-say"); if (say) { say.open = true; say.querySelector("input").focus(); } },
  n: () => focusOn(document.getElementById("note")),
  s: () => focusOn(document.getElementById("submit-review")),
  "?": () => keyList.showModal(),
};

const keysOff = () => { try { return localStorage.getItem(KEYS_OFF) === "yes"; } catch { return false; } };

if (sheets.length) {
  links.forEach((link, place) => link.addEventListener("click", (event) => { event.preventDefault(); show(place, true); }));
  form.addEventListener("change", count);
  form.addEventListener("click", (event) => {
    const place = event.target.closest(".rr-place");
    if (place && commentOn(place)) event.preventDefault();
  });
  document.getElementById("keys-open").hidden = false;
  document.getElementById("keys-open").addEventListener("click", () => keyList.showModal());
  document.getElementById("keys-close").addEventListener("click", () => keyList.close());
  keySwitch.checked = !keysOff();
  keySwitch.addEventListener("change", () => {
    try { localStorage.setItem(KEYS_OFF, keySwitch.checked ? "no" : "yes"); } catch { /* they stay as they are for this page */ }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keyList.open) return;
    if (event.target.closest("textarea, select, input:not([type=radio])")) {
      if (event.key === "Escape") focusOn(sheets[current]);
      return;
    }
    const place = event.target.closest(".rr-place");
    if (place && event.key.startsWith("Arrow")) {
      if (focusOn(neighbour(place, event.key))) event.preventDefault();
    } else if (keySwitch.checked && Object.hasOwn(ACTIONS, event.key)) {
      event.preventDefault();
      ACTIONS[event.key]();
    }
  });
  const wanted = sheets.findIndex((sheet) => location.hash && sheet.matches(`#${CSS.escape(location.hash.slice(1))}, :has(#${CSS.escape(location.hash.slice(1))})`));
  const opened = sheets.findIndex((sheet) => sheet.querySelector("details.rr-say[open]"));
  show(Math.max(0, wanted >= 0 ? wanted : opened), false);
  if (wanted < 0 && opened >= 0) here("details.rr-say textarea").focus();
  count();
}
