// Lines, areas, bars and points over time.

import { canvasPlace, chart, timeAxis, valueAxis } from "../chart.js";
import { colour, faint } from "../colours.js";
import { h } from "../dom.js";
import { configOf, display, lineColour } from "../fields.js";
import { seriesOf } from "../frames.js";
import { legend } from "../legend.js";
import { moment } from "../times.js";
import { format, increments, tickLabels } from "../units.js";

const MOST = 60;

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer, context) {
  const found = seriesOf(answer, panel.legends).filter((one) => one.values.some((value) => typeof value === "number"));
  if (!found.length) return false;
  const kept = found.slice(0, MOST);
  const series = kept.map((one, index) => described(one, index, panel.fieldConfig)).filter((one) => !one.config.custom.hideFrom?.viz);
  colourByPalette(series);
  const place = canvasPlace(`${panel.title}: ${series.length} ${series.length === 1 ? "line" : "lines"} over time. Show the table for the numbers.`);
  const wide = body.clientWidth >= 520;
  const placement = wide ? (panel.options?.legend?.placement ?? "bottom") : "bottom";
  const hidden = new Set();
  let made = null;
  const redraw = () => {
    place.replaceChildren();
    made = plotted(place, panel, series, hidden, context);
    for (const button of body.querySelectorAll(".legend-name")) button.setAttribute("aria-pressed", String(!hidden.has(Number(button.dataset.series))));
  };
  const toggle = (index, alone) => {
    const others = series.map((_, at) => at).filter((at) => at !== index);
    const isAlone = !hidden.has(index) && others.every((at) => hidden.has(at));
    if (!alone) hidden.has(index) ? hidden.delete(index) : hidden.add(index);
    else {
      hidden.clear();
      if (!isAlone) others.forEach((at) => hidden.add(at));
    }
    redraw();
  };
  const key = legend(series, panel.options?.legend, toggle);
  const note = found.length > MOST ? h("p", { class: "note" }, `The first ${MOST} of ${found.length} series are drawn.`) : null;
  body.replaceChildren(h("div", { class: `drawing ${placement}` }, place, key ?? ""), note ?? "");
  redraw();
  return { destroy: () => made?.destroy() };
}

function described(one, index, fieldConfig) {
  const config = configOf(one, fieldConfig);
  return { ...one, index, config, name: config.displayName ?? one.name, dashed: config.custom.lineStyle?.fill === "dash" };
}

/** Series that draw their colour from the palette get it in turn, those of fixed colour take none. */
function colourByPalette(series) {
  let turn = 0;
  for (const one of series) {
    const fixed = one.config.color?.mode === "fixed";
    one.colour = lineColour(one.config, turn, one.values.findLast((value) => typeof value === "number"));
    if (!fixed) turn += 1;
  }
}

function plotted(place, panel, series, hidden, context) {
  const { start, step, count } = grid(series);
  const times = Array.from({ length: count }, (_, index) => start + index * step);
  const whole = series.map((one) => ({ ...one, values: aligned(one, start, step, count) }));
  const stacked = stacks(whole, hidden, count);
  const shown = whole.map((one, index) => ({ ...one, drawn: stacked[index] ?? one.values }));
  const scales = axesOf(shown, hidden);
  const options = {
    series: [{}, ...shown.map((one, index) => ({ ...look(one, step), show: !hidden.has(index), scale: scales.key(one) }))],
    scales: scales.scales(panel),
    axes: [timeAxis(), ...scales.axes()],
    bands: bands(shown, stacked),
    hooks: { drawClear: [(self) => areas(self, panel, scales)], draw: [(self) => lines(self, panel, scales)] },
    cursor: { points: { size: 7, width: 0, fill: (self, at) => shown[at - 1].colour } },
  };
  const told = (self, index, y) => tip(self, index, y, shown, hidden, panel, times, scales);
  return chart(place, context, options, [times, ...shown.map((one) => one.drawn)], told);
}

function grid(series) {
  const starts = series.map((one) => one.start ?? one.times[0]);
  const step = Math.min(...series.map((one) => one.step ?? 1));
  const ends = series.map((one) => (one.start ?? one.times[0]) + (one.values.length - 1) * (one.step ?? 1));
  const start = Math.min(...starts);
  return { start, step, count: Math.round((Math.max(...ends) - start) / step) + 1 };
}

function aligned(one, start, step, count) {
  const values = new Array(count).fill(null);
  const first = Math.round(((one.start ?? one.times[0]) - start) / step);
  one.values.forEach((value, index) => { values[first + index] = typeof value === "number" ? value : null; });
  return values;
}

/** Running sums of the series that are stacked, by index. */
function stacks(series, hidden, count) {
  const sums = {};
  return series.map((one, index) => {
    const { mode = "none", group = "A" } = one.config.custom.stacking ?? {};
    if (mode === "none") return null;
    if (hidden.has(index)) return new Array(count).fill(null);
    const before = sums[group] ?? new Array(count).fill(0);
    sums[group] = before.map((sum, at) => sum + (typeof one.values[at] === "number" ? one.values[at] : 0));
    return [...sums[group]];
  });
}

function bands(shown, stacked) {
  const at = shown.map((_, index) => index).filter((index) => stacked[index]);
  return at.slice(1).map((index, place) => ({ series: [index + 1, at[place] + 1] }));
}

function look(one, step) {
  const { custom } = one.config;
  const style = custom.drawStyle ?? "line";
  const alone = one.values.filter((value) => typeof value === "number").length === 1;
  const points = style === "points" || custom.showPoints === "always" || alone;
  const fill = custom.fillOpacity ? faint(one.colour, custom.fillOpacity / 100) : undefined;
  return defined({
    label: one.name,
    stroke: one.colour,
    width: style === "points" ? 0 : (custom.lineWidth ?? 1) <= 1 ? 1.6 : custom.lineWidth,
    fill: style === "bars" ? faint(one.colour, Math.max(0.35, (custom.fillOpacity ?? 0) / 100)) : fill,
    dash: one.dashed ? (custom.lineStyle.dash ?? [8, 8]).map((length) => length * 0.75) : undefined,
    points: { show: points || alonePoints, size: points ? (custom.pointSize ?? 5) : 4, fill: one.colour },
    paths: style === "bars" ? uPlot.paths.bars({ size: [0.8, 40] }) : custom.lineInterpolation?.startsWith("step") ? uPlot.paths.stepped({ align: custom.lineInterpolation === "stepBefore" ? -1 : 1 }) : undefined,
    gaps: gapsFor(custom.spanNulls, step),
  });
}

/** What is undefined is left out, for uPlot would not take its default then. */
const defined = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** Indexes of points that have no neighbours, which a line would leave out. */
function alonePoints(self, at, from, to) {
  const values = self.data[at];
  const found = [];
  for (let index = from; index <= to; index += 1) {
    if (values[index] !== null && values[index] !== undefined && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null) found.push(index);
  }
  return found.length ? found : false;
}

function gapsFor(spanNulls, step) {
  if (!spanNulls) return undefined;
  const most = spanNulls === true ? Infinity : spanNulls / 1000;
  return (self, _, from, to, gaps) => gaps.filter(([a, b]) => self.posToVal(b / devicePixelRatio, "x") - self.posToVal(a / devicePixelRatio, "x") - step > most);
}

/** One vertical axis a unit and side, at most one on each side. */
function axesOf(shown) {
  const right = (one) => one.config.custom.axisPlacement === "right";
  const key = (one) => (right(one) ? "y2" : "y");
  const groups = { y: shown.filter((one) => !right(one)), y2: shown.filter(right) };
  const used = Object.keys(groups).filter((name) => groups[name].length);
  return {
    key,
    used,
    groups,
    axes: () => used.map((name) => {
      const { config } = groups[name][0];
      const places = name === "y2" ? { side: 1, grid: { show: false } } : {};
      if (increments(config.unit)) places.incrs = increments(config.unit);
      if (config.custom.scaleDistribution?.type !== "log") return valueAxis((splits) => tickLabels(splits, config.unit), { scale: name, ...places });
      return valueAxis((splits) => splits.map((split) => format(split, config.unit)), { scale: name, ...places, splits: powers, filter: (_, splits) => splits });
    }),
    scales: (panel) => Object.fromEntries(used.map((name) => [name, scale(groups[name], panel)])),
  };
}

/** Powers of ten between two values, so many as find room. */
function powers(self, _, least, most) {
  const [first, last] = [Math.ceil(Math.log10(least) - 1e-9), Math.floor(Math.log10(most) + 1e-9)];
  const every = Math.max(1, Math.ceil(((last - first + 1) * 30) / Math.max(40, self.height - 40)));
  const found = [];
  for (let power = last; power >= first; power -= every) found.unshift(10 ** power);
  return found;
}

function scale(group, panel) {
  const { min, max, custom } = group[0].config;
  const log = custom.scaleDistribution?.type === "log";
  const level = (custom.thresholdsStyle?.mode ?? "off") === "off" ? [] : levels(panel);
  const range = (_, low, high) => {
    const least = Math.min(low ?? 0, custom.axisSoftMin ?? Infinity);
    const most = Math.max(high ?? 1, custom.axisSoftMax ?? -Infinity, ...level.map(({ value }) => value));
    if (log) return uPlot.rangeLog(least > 0 ? least : most / 1000, most, custom.scaleDistribution.log ?? 10, true);
    if (least === most) return [min ?? Math.min(0, least), max ?? (most > 0 ? most * 1.25 : 1)];
    const [from, to] = uPlot.rangeNum(least, most, { min: { pad: 0.05, soft: 0, mode: 1 }, max: { pad: 0.08, soft: 0, mode: 2 } });
    return [min ?? from, max ?? to];
  };
  return { range, ...(log ? { distr: 3, log: custom.scaleDistribution.log ?? 10 } : {}) };
}

const levels = (panel) => (panel.fieldConfig?.defaults?.thresholds?.steps ?? []).filter(({ value }) => typeof value === "number");
const styleOf = (panel) => panel.fieldConfig?.defaults?.custom?.thresholdsStyle?.mode ?? "off";

/** Thresholds as dashed lines over the chart. */
function lines(self, panel, scales) {
  if (!styleOf(panel).match(/line|dashed/)) return;
  const { ctx } = self;
  const { left, top, width, height } = self.bbox;
  ctx.save();
  for (const { value, color } of levels(panel)) {
    const y = self.valToPos(value, scales.used[0], true);
    if (y < top || y > top + height) continue;
    ctx.strokeStyle = colour(color);
    ctx.lineWidth = 1.25 * devicePixelRatio;
    if (styleOf(panel).startsWith("dashed")) ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** Thresholds as tinted areas behind the chart. */
function areas(self, panel, scales) {
  if (!styleOf(panel).includes("area")) return;
  const { ctx } = self;
  const { left, top, width, height } = self.bbox;
  const steps = panel.fieldConfig.defaults.thresholds.steps;
  const y = (value) => Math.min(top + height, Math.max(top, self.valToPos(value, scales.used[0], true)));
  steps.forEach((step, index) => {
    const low = typeof step.value === "number" ? y(step.value) : top + height;
    const high = index + 1 < steps.length ? y(steps[index + 1].value) : top;
    ctx.fillStyle = faint(colour(step.color), 0.08);
    ctx.fillRect(left, high, width, low - high);
  });
}

function tip(self, index, y, shown, hidden, panel, times, scales) {
  const { mode = "multi", sort = "none", hideZeros = false } = panel.options?.tooltip ?? {};
  if (index === null || index === undefined || mode === "none") return null;
  const entries = shown
    .map((one, at) => ({ one, at, value: one.values[index], drawn: one.drawn[index] }))
    .filter(({ at, value, one }) => !hidden.has(at) && typeof value === "number" && !(hideZeros && value === 0) && !one.config.custom.hideFrom?.tooltip);
  if (!entries.length) return null;
  const distance = ({ one, drawn }) => Math.abs(self.valToPos(drawn, scales.key(one)) - y);
  const nearest = entries.reduce((best, entry) => (distance(entry) < distance(best) ? entry : best));
  if (sort !== "none") entries.sort((a, b) => (a.value - b.value) * (sort === "desc" ? -1 : 1));
  const line = (entry) => ({ colour: entry.one.colour, name: entry.one.name, text: display(entry.value, entry.one.config).text, strong: entry === nearest && entries.length > 1 });
  return { title: moment(times[index]), lines: mode === "single" ? [{ ...line(nearest), strong: false }] : entries.map(line) };
}
