// The choosers of time range and refresh.

import { h } from "./dom.js";
import { menu } from "./menu.js";
import { LENGTHS, rangeText } from "./times.js";

const RANGES = ["now-5m", "now-15m", "now-30m", "now-1h", "now-3h", "now-6h", "now-12h", "now-24h", "now-2d", "now-7d", "now-30d"];
const REFRESHES = ["", "5s", "10s", "30s", "1m", "5m", "15m"];

/** Seconds between two refreshes; 0 for none. */
export function seconds(text) {
  const found = /^(\d+)([smhd])$/.exec(text ?? "");
  return found ? Number(found[1]) * LENGTHS[found[2]] : 0;
}

/** A chooser of the time range `{from, to}`; `chosen(from, to)` is told. */
export function timePicker(time, chosen) {
  const text = rangeText(time.from, time.to);
  return menu(`Time range: ${text}`, [clockIcon(), h("span", {}, text)], (pane, close) => {
    const pick = (from, to) => {
      close();
      chosen(from, to);
    };
    const inputs = ["from", "to"].map((name) => h("input", { type: "text", value: time[name], "aria-label": name === "from" ? "From" : "To", spellcheck: "false" }));
    const apply = () => pick(...inputs.map((input) => asked(input.value)));
    for (const input of inputs) input.addEventListener("keydown", (event) => event.key === "Enter" && apply());
    pane.replaceChildren(
      h("ul", { class: "ranges" }, RANGES.map((from) => h("li", {}, h("button", { type: "button", "aria-current": from === time.from && time.to === "now" ? "true" : null, onclick: () => pick(from, "now") }, rangeText(from, "now"))))),
      h("div", { class: "absolute" },
        h("p", {}, "From and to: now-3h, or a time such as 2026-01-31 12:00."),
        inputs,
        h("button", { type: "button", class: "primary", onclick: apply }, "Apply")),
    );
  });
}

/** What was typed, as addresses have it. */
function asked(text) {
  const found = /^\s*(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?\s*$/.exec(text);
  return found ? String(new Date(`${found[1]}T${found[2] ?? "00:00"}`).getTime()) : text.trim();
}

const clockIcon = () => h("span", { class: "icon clock", "aria-hidden": "true" });

/** A chooser of the time between two refreshes, and a button to do it now. */
export function refreshPicker(current, chosen, now) {
  const offered = REFRESHES.includes(current) ? REFRESHES : [...REFRESHES, current].sort((a, b) => seconds(a) - seconds(b));
  const options = offered.map((text) => h("option", { value: text, selected: text === current }, text || "Off"));
  return h("div", { class: "refresh" },
    h("button", { type: "button", class: "icon-button", "aria-label": "Refresh now", title: "Refresh now", onclick: now }, h("span", { class: "icon again", "aria-hidden": "true" })),
    h("select", { "aria-label": "Refresh every", onchange: (event) => chosen(event.target.value) }, options));
}
