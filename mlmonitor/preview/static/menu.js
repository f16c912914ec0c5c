// Buttons that open a small pane: choices, the time range.

import { h, id } from "./dom.js";

let open = null;

/** A button with a pane below it; `filled(pane, close)` fills it each time that it opens. */
export function menu(label, content, filled, props = {}) {
  const pane = h("div", { class: "pane", id: id("pane"), hidden: true });
  const button = h("button", { type: "button", class: "menu-button", "aria-expanded": "false", "aria-controls": pane.id, "aria-label": label, ...props }, content);
  const place = h("div", { class: "menu" }, button, pane);
  const close = () => {
    pane.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (open === close) open = null;
  };
  button.addEventListener("click", () => {
    if (!pane.hidden) return close();
    open?.();
    open = close;
    filled(pane, close);
    pane.hidden = false;
    pane.classList.toggle("flipped", button.getBoundingClientRect().left + pane.offsetWidth > innerWidth - 8);
    button.setAttribute("aria-expanded", "true");
    return pane.querySelector("input, button")?.focus();
  });
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || pane.hidden) return;
    close();
    button.focus();
  });
  return place;
}

document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".menu")) open?.();
});
