// What all charts over time share: the time axis, the theme, the pointer, zooming, events.

import { colour, faint, token } from "./colours.js";
import { h } from "./dom.js";
import { moment, ticks } from "./times.js";
import * as tooltip from "./tooltip.js";

const FONT = "11px Inter, system-ui, sans-serif";
const LEAST_DRAG = 8;
const MOST_EVENTS = 4;
const measure = document.createElement("canvas").getContext("2d");

/** The axis of time. */
export const timeAxis = () => ({
  scale: "x",
  stroke: token("--soft"),
  font: FONT,
  size: 24,
  gap: 4,
  space: 72,
  grid: { stroke: token("--grid"), width: 1 },
  ticks: { show: false },
  values: (_, splits, __, ___, step) => ticks(splits, step),
});

/** An axis of values; `labels` makes texts of ticks. */
export const valueAxis = (labels, more = {}) => ({
  stroke: token("--soft"),
  font: FONT,
  gap: 6,
  space: 34,
  grid: { stroke: token("--grid"), width: 1 },
  ticks: { show: false },
  values: (_, splits) => labels(splits),
  size: (_, values) => widest(values ?? []) + 12,
  ...more,
});

/** Pixels of the widest text. */
export function widest(texts) {
  measure.font = FONT;
  return Math.ceil(Math.max(10, ...texts.map((text) => measure.measureText(text ?? "").width)));
}

/**
 * A uPlot in `place`, as large as that is, as long as it stays in the page.
 *
 * `context` is the panel's: `range`, `shared`, `zoom(from, to)`, `events`. `told(chart, index)` gives
 * `{title, lines}` for the tooltip, or null.
 */
export function chart(place, context, options, data, told) {
  const made = new uPlot(
    {
      width: Math.max(60, place.clientWidth),
      height: Math.max(40, place.clientHeight),
      padding: [8, 26, 0, 0],
      legend: { show: false },
      ...options,
      cursor: {
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        ...(context.shared ? { sync: { key: "dashboard", setSeries: false } } : {}),
        ...options.cursor,
      },
      scales: { x: { time: true, range: () => context.range }, ...options.scales },
      hooks: {
        ...options.hooks,
        draw: [...(options.hooks?.draw ?? []), (self) => marks(self, context.events())],
        setSelect: [(self) => zoomed(self, context)],
      },
    },
    data,
    place,
  );
  for (const canvas of place.querySelectorAll("canvas")) canvas.setAttribute("aria-hidden", "true");
  pointed(made, context, told);
  const watch = new ResizeObserver(() => {
    if (!place.isConnected) return watch.disconnect();
    const [width, height] = [place.clientWidth, place.clientHeight];
    if (width > 0 && (width !== made.width || height !== made.height)) made.setSize({ width, height: Math.max(40, height) });
    return undefined;
  });
  watch.observe(place);
  return made;
}

/** A drag over the chart chooses a shorter time range. */
function zoomed(self, context) {
  const { left, width } = self.select;
  if (width < LEAST_DRAG) return;
  const [from, to] = [self.posToVal(left, "x"), self.posToVal(left + width, "x")];
  self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  context.zoom(from, to);
}

function pointed(self, context, told) {
  self.over.addEventListener("mousemove", (event) => {
    const near = nearby(self, context.events(), event.offsetX);
    const found = told(self, self.cursor.idx, event.offsetY);
    const lines = [...near, ...(found?.lines ?? [])];
    if (lines.length) tooltip.show(event.clientX, event.clientY, found?.title ?? moment(self.posToVal(event.offsetX, "x")), lines);
    else tooltip.hide();
  });
  self.over.addEventListener("mouseleave", tooltip.hide);
}

/** Events at the foot of the chart, each a line with a mark; those close together share one. */
function marks(self, events) {
  const { ctx } = self;
  const { left, top, width, height } = self.bbox;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height + 6 * ratio);
  ctx.clip();
  const x = (at) => self.valToPos(at, "x", true);
  for (const { color, from, until } of stretches(events)) {
    ctx.fillStyle = faint(colour(color), 0.5);
    ctx.fillRect(x(from), top + height + 1.5 * ratio, x(until) - x(from), 2 * ratio);
  }
  const last = {};
  for (const event of events) {
    const shade = colour(event.color);
    const from = x(event.time);
    if (from - (last[event.color] ?? -Infinity) < 7 * ratio) continue;
    last[event.color] = from;
    ctx.strokeStyle = faint(shade, 0.4);
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(from, top);
    ctx.lineTo(from, top + height);
    ctx.stroke();
    ctx.fillStyle = shade;
    ctx.beginPath();
    ctx.moveTo(from - 4 * ratio, top + height + 5 * ratio);
    ctx.lineTo(from + 4 * ratio, top + height + 5 * ratio);
    ctx.lineTo(from, top + height - 2 * ratio);
    ctx.fill();
  }
  ctx.restore();
}

/** When events of a colour went on, as stretches that do not overlap. */
function stretches(events) {
  const found = [];
  for (const { color, time, until } of [...events].sort((a, b) => a.time - b.time)) {
    const open = found.find((one) => one.color === color && one.until >= time);
    if (open) open.until = Math.max(open.until, until);
    else found.push({ color, from: time, until });
  }
  return found;
}

/** Events under the pointer, as lines of the tooltip. */
function nearby(self, events, x) {
  const here = events.filter((event) => Math.abs(self.valToPos(event.time, "x") - x) < 4).slice(0, MOST_EVENTS);
  return here.map((event) => ({ colour: colour(event.color), name: event.title, text: event.text, strong: false }));
}

/** A place for a chart that readers of the screen are told about. */
export const canvasPlace = (label) => h("div", { class: "chart", role: "img", "aria-label": label });
