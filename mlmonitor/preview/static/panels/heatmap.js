// How many values fell into each bucket, over time.

import { canvasPlace, chart, timeAxis, valueAxis } from "../chart.js";
import { heat } from "../colours.js";
import { h } from "../dom.js";
import { seriesOf } from "../frames.js";
import { moment } from "../times.js";
import { format } from "../units.js";

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer, context) {
  const buckets = bucketsOf(answer, panel.legends);
  const most = Math.max(0, ...buckets.flatMap((one) => one.counts));
  if (!buckets.length || most <= 0) return false;
  const place = canvasPlace(`${panel.title}: heat map of ${buckets.length} buckets over time. Show the table for the numbers.`);
  body.replaceChildren(h("div", { class: "drawing bottom" }, place, scale(panel, most)));
  const made = plotted(place, panel, buckets, most, context);
  return { destroy: () => made.destroy() };
}

/** Buckets from below: `{from, to, counts}`, counts that were cumulative taken apart. */
function bucketsOf(answer, legends) {
  const series = seriesOf(answer, legends).filter((one) => one.step);
  const edge = (one) => Number((one.labels.le ?? one.labels.upper ?? one.name).replace("+Inf", "Infinity"));
  const sorted = series.map((one) => ({ ...one, edge: edge(one) })).filter((one) => !Number.isNaN(one.edge)).sort((a, b) => a.edge - b.edge);
  const cumulative = (answer.targets ?? []).some((target) => target.format === "heatmap") || sorted.some((one) => one.labels.le !== undefined);
  return sorted.map((one, index) => ({
    from: index ? sorted[index - 1].edge : -Infinity,
    to: one.edge,
    start: one.start,
    step: one.step,
    counts: one.values.map((value, at) => (value === null ? 0 : Math.max(0, value - (cumulative && index ? (sorted[index - 1].values[at] ?? 0) : 0)))),
  }));
}

function plotted(place, panel, buckets, most, context) {
  const { start, step, counts } = buckets[0];
  const times = counts.map((_, index) => start + index * step);
  const { exponent = 0.5, scheme = "Oranges" } = panel.options?.color ?? {};
  const unit = panel.options?.yAxis?.unit ?? panel.fieldConfig?.defaults?.unit;
  const every = Math.max(1, Math.ceil((buckets.length * 18) / Math.max(40, place.clientHeight - 40)));
  const label = (index) => (Number.isFinite(buckets[index - 1]?.to) ? format(buckets[index - 1].to, unit) : "");
  const splits = buckets.map((_, index) => index).filter((index) => index > 0 && index % every === 0);
  const options = {
    series: [{}, ...buckets.map(() => ({ scale: "y", paths: () => null, points: { show: false } }))],
    scales: { y: { range: () => [0, buckets.length] } },
    axes: [timeAxis(), valueAxis((at) => at.map(label), { scale: "y", splits: () => splits, grid: { show: false } })],
    hooks: { drawClear: [(self) => cells(self, buckets, times, step, (count) => heat(scheme, (count / most) ** exponent))] },
  };
  const told = (self, index, y) => {
    const one = buckets[Math.floor(self.posToVal(y, "y"))];
    if (!one || index === null || index === undefined) return null;
    const count = one.counts[index];
    return { title: moment(times[index]), lines: [{ colour: heat(scheme, (count / most) ** exponent), name: between(one, unit), text: format(count, panel.options?.cellValues?.unit ?? "short"), strong: false }] };
  };
  return chart(place, context, options, [times, ...buckets.map((one) => one.counts)], told);
}

function between({ from, to }, unit) {
  if (!Number.isFinite(from)) return `up to ${format(to, unit)}`;
  return Number.isFinite(to) ? `${format(from, unit)} to ${format(to, unit)}` : `above ${format(from, unit)}`;
}

function cells(self, buckets, times, step, shade) {
  const { ctx } = self;
  const { left, top, width, height } = self.bbox;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  buckets.forEach((one, row) => {
    const [low, high] = [row, row + 1].map((at) => self.valToPos(at, "y", true));
    one.counts.forEach((count, index) => {
      if (count <= 0) return;
      const [from, until] = [times[index] - step / 2, times[index] + step / 2].map((at) => self.valToPos(at, "x", true));
      ctx.fillStyle = shade(count);
      ctx.fillRect(from, high, Math.max(ratio, until - from - (until - from > 5 * ratio ? ratio : 0)), Math.max(ratio, low - high - ratio));
    });
  });
  ctx.restore();
}

/** Which shade is how many. */
function scale(panel, most) {
  const { scheme = "Oranges" } = panel.options?.color ?? {};
  const unit = panel.options?.cellValues?.unit ?? "short";
  const shades = Array.from({ length: 12 }, (_, index) => h("i", { style: { background: heat(scheme, index / 11) } }));
  return h("div", { class: "heat-scale" }, h("span", {}, "0"), h("span", { class: "heat-shades", "aria-hidden": "true" }, shades), h("span", {}, format(most, unit)));
}
