// The box beside the pointer that tells what is under it.

import { h } from "./dom.js";

const MOST = 12;
let box = null;

/** Show lines `{colour, name, text, strong}` beside a point of the window. */
export function show(x, y, title, lines) {
  box ??= document.body.appendChild(h("div", { class: "tooltip", "aria-hidden": "true" }));
  const shown = chosen(lines);
  const more = lines.length - shown.length;
  box.replaceChildren(
    title ? h("div", { class: "tooltip-title" }, title) : "",
    ...shown.map(({ colour, name, text, strong }) => h("div", { class: strong ? "tooltip-line strong" : "tooltip-line" },
      colour ? h("i", { class: "swatch", style: { background: colour } }) : "",
      h("span", { class: "tooltip-name" }, name), h("span", { class: "tooltip-value" }, text))),
    more ? h("div", { class: "tooltip-more" }, `and ${more} more`) : "",
  );
  box.style.display = "block";
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${x + 16 + width > innerWidth ? Math.max(4, x - 16 - width) : x + 16}px`;
  box.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - height - 4))}px`;
}

/** The first lines, the one that is pointed at among them. */
function chosen(lines) {
  const first = lines.slice(0, MOST);
  const strong = lines.find((line) => line.strong);
  return strong && !first.includes(strong) ? [...first.slice(0, -1), strong] : first;
}

/** Show nothing. */
export function hide() {
  if (box) box.style.display = "none";
}
