// Large values, each with a line of its past.

import { faint, inkUpon } from "../colours.js";
import { h, svg } from "../dom.js";
import { linked, linksOf } from "../links.js";
import { reduced } from "../reduced.js";

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer) {
  const { values, left } = reduced(panel, answer);
  if (!values.length) return false;
  const { textMode = "auto", colorMode = "value", graphMode = "area", orientation = "auto" } = panel.options ?? {};
  const named = textMode === "value_and_name" || (textMode === "auto" && values.length > 1);
  const tiles = values.map((one) => tile(one, { colorMode, graphMode, textMode, named }));
  const down = orientation === "horizontal" ? " down" : "";
  body.replaceChildren(h("div", { class: `stats${down}${values.length > 1 ? " several" : ""}` }, tiles), left ? h("p", { class: "note" }, `and ${left} more`) : "");
  return {};
}

function tile(one, { colorMode, graphMode, textMode, named }) {
  const solid = colorMode.startsWith("background");
  const style = solid
    ? { background: one.colour, color: inkUpon(one.colour) }
    : colorMode === "none" ? {} : { "--value": one.colour };
  const { number, unit } = parts(textMode === "name" ? one.name : one.text);
  const text = h("span", { class: "stat-value" }, h("span", { class: "stat-number" }, number), unit ? h("span", { class: "stat-unit" }, unit) : "");
  const content = [named ? h("span", { class: "stat-name" }, one.name) : "", text];
  return h("div", { class: solid ? "stat solid" : "stat", style, "data-length": sizeClass(textMode === "name" ? one.name : one.text) },
    graphMode === "area" ? spark(one, solid) : "",
    linked(h("span", { class: "stat-text" }, content), linksOf(one.config, one)));
}

/** How large a text may be. */
const sizeClass = (text) => (text.length <= 7 ? "short" : text.length <= 12 ? "medium" : "long");

function parts(text) {
  const found = /^([−-]?[\d.,]+)\s*([^\d.,\s].*)$/.exec(text);
  return found ? { number: found[1], unit: found[2] } : { number: text, unit: "" };
}

/** The past of a value as a small area. */
function spark(one, solid) {
  const points = (one.values ?? []).map((value, index) => [index, value]).filter(([, value]) => typeof value === "number");
  if (points.length < 2) return "";
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const last = one.values.length - 1;
  const at = ([index, value]) => `${((index / last) * 100).toFixed(2)},${(high === low ? (high === 0 ? 29 : 22) : 28 - ((value - low) / (high - low)) * 24).toFixed(2)}`;
  const line = points.map(at).join(" ");
  const [first, end] = [points[0][0], points.at(-1)[0]].map((index) => ((index / last) * 100).toFixed(2));
  const stroke = solid ? faint("#ffffff", 0.6) : one.colour;
  return svg("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("polygon", { points: `${first},30 ${line} ${end},30`, fill: faint(solid ? "#ffffff" : one.colour, 0.13) }),
    svg("polyline", { points: line, fill: "none", stroke, "stroke-width": 1.5, "vector-effect": "non-scaling-stroke", opacity: 0.75 }));
}
