// A bar for each series or row.

import { h } from "../dom.js";
import { linked, linksOf } from "../links.js";
import { reduced } from "../reduced.js";

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer) {
  const { values, left, range } = reduced(panel, answer);
  if (!values.length) return false;
  const bars = values.map((one) => bar(one, range));
  body.replaceChildren(
    h("div", { class: "bars", tabindex: 0, role: "region", "aria-label": `${panel.title}: bars` }, h("ul", {}, bars)),
    left ? h("p", { class: "note" }, `and ${left} more`) : "");
  return {};
}

function bar(one, range) {
  const [min, max] = [one.config.min ?? Math.min(0, range[0]), one.config.max ?? range[1]];
  const share = typeof one.value === "number" && max > min ? Math.min(1, Math.max(0, (one.value - min) / (max - min))) : 0;
  return h("li", { class: "level", style: { "--value": one.colour } },
    h("span", { class: "bar-name", title: one.name }, linked(one.name, linksOf(one.config, one))),
    h("span", { class: "bar-track" }, h("span", { class: "bar-fill", style: { width: `${(share * 100).toFixed(2)}%` } })),
    h("span", { class: "bar-value" }, one.text));
}
