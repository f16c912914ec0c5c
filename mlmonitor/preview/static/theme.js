// Light or dark: as the system has it, until somebody chooses.

import { h } from "./dom.js";

const KEY = "mlmonitor-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function set(theme) {
  document.documentElement.dataset.theme = theme;
}

/** Set the theme, and follow the system; `changed` is called after each change. */
export function follow(changed) {
  set(stored() ?? (system.matches ? "dark" : "light"));
  system.addEventListener("change", () => {
    if (stored()) return;
    set(system.matches ? "dark" : "light");
    changed();
  });
}

/** The button that changes it. */
export function themeButton(changed) {
  return h("button", {
    type: "button", class: "icon-button", "aria-label": "Light or dark", title: "Light or dark",
    onclick: () => {
      const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      set(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // A page opened from a file may have no storage: the choice holds until it is closed.
      }
      changed();
    },
  }, h("span", { class: "icon moon", "aria-hidden": "true" }));
}
