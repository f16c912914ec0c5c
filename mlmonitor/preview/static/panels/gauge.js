// A value on a scale from its least to its most.

import { colour } from "../colours.js";
import { h, svg } from "../dom.js";
import { format } from "../units.js";
import { linked, linksOf } from "../links.js";
import { reduced } from "../reduced.js";

const [CENTRE, RADIUS, SPAN] = [60, 48, 240];

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer) {
  const { values, left } = reduced(panel, answer);
  if (!values.length) return false;
  const dials = values.map((one) => dial(one, panel.options ?? {}, values.length > 1));
  body.replaceChildren(h("div", { class: "gauges" }, dials), left ? h("p", { class: "note" }, `and ${left} more`) : "");
  return {};
}

function dial(one, { showThresholdMarkers = true }, named) {
  const { min = 0, max = 100, thresholds } = one.config;
  const share = (value) => Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  const steps = (thresholds?.steps ?? []).map((step, index, all) => ({
    color: step.color,
    from: index ? share(step.value) : 0,
    to: index + 1 < all.length ? share(all[index + 1].value) : 1,
  }));
  const value = typeof one.value === "number" ? share(one.value) : 0;
  return h("figure", { class: "gauge" },
    svg("svg", { viewBox: "0 0 120 96", role: "img", "aria-label": `${one.name}: ${one.text}, on a scale from ${format(min, one.config.unit)} to ${format(max, one.config.unit)}` },
      svg("path", { d: arc(0, 1, RADIUS), class: "gauge-track" }),
      svg("path", { d: arc(0, Math.max(0.004, value), RADIUS), stroke: one.colour, class: "gauge-value" }),
      showThresholdMarkers ? steps.filter((step) => step.to > step.from).map((step) => svg("path", { d: arc(step.from, step.to, RADIUS + 9), stroke: colour(step.color), class: "gauge-step" })) : "",
      svg("text", { x: CENTRE, y: 66, class: "gauge-text", fill: one.colour }, one.text)),
    named ? h("figcaption", {}, linked(one.name, linksOf(one.config, one))) : "");
}

function arc(from, to, radius) {
  const point = (share) => {
    const angle = ((share * SPAN - SPAN / 2 - 90) * Math.PI) / 180;
    return `${(CENTRE + radius * Math.cos(angle)).toFixed(2)} ${(CENTRE + 2 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M ${point(from)} A ${radius} ${radius} 0 ${(to - from) * SPAN > 180 ? 1 : 0} 1 ${point(to)}`;
}
