"use strict";
// The page says all it has to say without this; it only saves some scrolling.
const lacking = () => [...document.querySelectorAll("details.line.part, details.line.none")];
let current = -1;

function go(step) {
  const lines = lacking();
  if (lines.length === 0) return;
  current = (current + step + lines.length) % lines.length;
  const line = lines[current];
  line.open = true;
  line.scrollIntoView({ block: "center" });
  line.querySelector("summary").focus({ preventScroll: true });
}

function openAll(open) {
  for (const line of document.querySelectorAll("details.line")) line.open = open;
}

const actions = {
  next: () => go(1),
  previous: () => go(current < 0 ? 0 : -1),
  open: () => openAll(true),
  close: () => openAll(false),
};

const controls = document.querySelector(".controls");
controls.hidden = false;
controls.addEventListener("click", (event) => actions[event.target.dataset.do]?.());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "n") actions.next();
  if (event.key === "p") actions.previous();
});
