// Says beside a slider what its place means, while it moves; without JavaScript the page says it after the button.
"use strict";
const slider = document.querySelector("[data-shows]");
if (slider) {
  const said = document.getElementById(slider.dataset.shows);
  const say = () => {
    said.textContent = slider.list.options[Number(slider.value)].label;
    slider.setAttribute("aria-valuetext", said.textContent);
  };
  slider.addEventListener("input", say);
  say();
}
