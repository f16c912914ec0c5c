// Shares of bins or categories side by side: bar charts and histograms.

import { seriesColour, token } from "../colours.js";
import { h, svg } from "../dom.js";
import { configOf, display, lineColour } from "../fields.js";
import { rowsOf, seriesOf, tableFrames } from "../frames.js";
import { legend } from "../legend.js";
import { transformed } from "../transform.js";
import { hide, show } from "../tooltip.js";
import { widest } from "../chart.js";
import { format, tickLabels } from "../units.js";

const MOST = 80;
const FOOT = 20;
const MOST_BUCKETS = 44;

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer) {
  const groups = panel.type === "histogram" ? counted(panel, answer) : grouped(panel, answer);
  if (!groups?.names.length) return false;
  const place = h("div", { class: "chart" });
  const key = groups.series.length > 1 ? legend(groups.series, { ...panel.options?.legend, displayMode: "list", calcs: [] }) : null;
  body.replaceChildren(h("div", { class: "drawing bottom" }, place, key ?? ""));
  const again = () => place.replaceChildren(plot(place, panel, groups));
  again();
  const watch = new ResizeObserver(() => (place.isConnected ? again() : watch.disconnect()));
  watch.observe(place);
  return { destroy: () => watch.disconnect() };
}

/** A group of bars for each row of a table, a bar for each of its numbers. */
function grouped(panel, answer) {
  const { frames } = transformed(tableFrames(answer, panel.legends), panel.transformations);
  const [frame] = frames.filter((one) => one.fields.some((field) => field.values.length));
  if (!frame) return null;
  const wanted = panel.options?.xField;
  const named = frame.fields.find((field) => field.name === wanted) ?? frame.fields.find((field) => !field.numeric && !field.time);
  const rows = rowsOf(frame).slice(0, MOST);
  const series = frame.fields.filter((field) => field.numeric && field !== named).map((field, index) => {
    const config = configOf(field, panel.fieldConfig);
    return { name: config.displayName ?? field.name, config, colour: lineColour(config, index), values: rows.map((row) => row[field.name]) };
  });
  return { names: rows.map((row, index) => (named ? label(row[named.name], named, panel) : String(index + 1))), series };
}

const label = (value, field, panel) => (typeof value === "number" ? format(value, configOf(field, panel.fieldConfig).unit) : String(value ?? ""));

/** How many values of all series fall between round edges. */
function counted(panel, answer) {
  const found = seriesOf(answer, panel.legends).filter((one) => one.values.some((value) => typeof value === "number"));
  const values = found.flatMap((one) => one.values).filter((value) => typeof value === "number");
  if (!values.length) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const asked = panel.options?.bucketSize || round((high - low || 1) / (panel.options?.bucketCount || 20));
  const size = (high - low) / asked > MOST_BUCKETS ? round((high - low) / MOST_BUCKETS) : asked;
  const first = Math.floor(low / size);
  const count = Math.max(1, Math.floor(high / size) - first + 1);
  const unit = panel.fieldConfig?.defaults?.unit;
  const names = Array.from({ length: count }, (_, index) => format((first + index) * size, unit));
  const split = panel.options?.combine ? [{ name: "Count", values }] : found;
  const series = split.map((one, index) => {
    const counts = new Array(count).fill(0);
    for (const value of one.values) if (typeof value === "number") counts[Math.floor(value / size) - first] += 1;
    return { name: one.name, config: { custom: {}, unit: "short" }, colour: seriesColour(index), values: counts };
  });
  return { names, series };
}

function round(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5, 10].find((step) => step * power >= size * 0.999) ?? 10);
}

function plot(place, panel, { names, series }) {
  const [width, height] = [Math.max(80, place.clientWidth), Math.max(60, place.clientHeight)];
  const { config } = series[0];
  const most = config.max ?? Math.max(...series.flatMap((one) => one.values).filter((value) => typeof value === "number"), 0);
  const ticks = levels(most, Math.max(2, Math.floor((height - FOOT) / 38)));
  const texts = tickLabels(ticks, config.unit);
  const left = widest(texts) + 10;
  const top = ticks.at(-1) || 1;
  const y = (value) => 8 + (height - FOOT - 8) * (1 - value / top);
  const step = (width - left - 6) / names.length;
  const bar = Math.min(46, (step * 0.78) / series.length);
  const every = Math.ceil((widest(names.map((name) => name.slice(0, 14))) + 10) / step);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${panel.title}: ${names.length} bars. Show the table for the numbers.` });
  ticks.forEach((tick, index) => drawing.append(
    svg("line", { x1: left, x2: width - 6, y1: y(tick), y2: y(tick), stroke: token("--grid") }),
    svg("text", { x: left - 6, y: y(tick) + 4, class: "bar-tick end" }, texts[index])));
  names.forEach((name, index) => {
    const middle = left + step * (index + 0.5);
    series.forEach((one, at) => {
      const value = one.values[index];
      if (typeof value !== "number" || value <= 0) return;
      drawing.append(svg("rect", { x: (middle + (at - series.length / 2) * bar + 0.5).toFixed(1), y: y(value).toFixed(1), width: Math.max(1, bar - 1).toFixed(1), height: Math.max(0.5, y(0) - y(value)).toFixed(1), rx: Math.min(2, bar / 4), fill: one.colour }));
    });
    if (index % every === 0) drawing.append(svg("text", { x: middle, y: height - 5, class: "bar-tick middle" }, name.length > 14 ? `${name.slice(0, 13)}…` : name));
  });
  drawing.addEventListener("mousemove", (event) => {
    const index = Math.floor((event.offsetX - left) / step);
    if (index < 0 || index >= names.length) return hide();
    return show(event.clientX, event.clientY, names[index], series.map((one) => ({ colour: one.colour, name: one.name, text: display(one.values[index], one.config).text })));
  });
  drawing.addEventListener("mouseleave", hide);
  return drawing;
}

function levels(most, count) {
  const size = round((most || 1) / count);
  return Array.from({ length: Math.ceil((most || 1) / size - 1e-9) + 1 }, (_, index) => index * size);
}
