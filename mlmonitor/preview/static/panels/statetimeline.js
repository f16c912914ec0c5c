// A band for each series, coloured by its state; and the same in cells, one for each step.

import { canvasPlace, chart, timeAxis, widest } from "../chart.js";
import { token } from "../colours.js";
import { h } from "../dom.js";
import { configOf, display } from "../fields.js";
import { seriesOf } from "../frames.js";
import { moment } from "../times.js";

const LEAST_HEIGHT = 16;
const WIDEST = 190;
const LARGEST_HEIGHT = 42;
const LEAST_CELL = 6;

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer, context) {
  const found = seriesOf(answer, panel.legends)
    .filter((one) => one.step && one.values.some((value) => value !== null))
    .map((one, index) => ({ ...one, config: configOf(one, panel.fieldConfig), index }))
    .map((one) => ({ ...one, states: one.values.map((value) => (value === null ? null : display(value, one.config, one.index))) }));
  if (!found.length) return false;
  const place = canvasPlace(`${panel.title}: states of ${found.length} series over time. Show the table for the values.`);
  const key = states(found);
  body.replaceChildren(h("div", { class: "drawing bottom" }, place, key));
  const room = Math.max(1, Math.floor((place.clientHeight - 30) / LEAST_HEIGHT));
  const shown = found.length > room ? found.slice(0, room) : found;
  if (shown.length < found.length) key.append(h("li", { class: "soft" }, `and ${found.length - shown.length} more series: show the table`));
  const made = plotted(place, panel, shown, context);
  return { destroy: () => made.destroy() };
}

/** Which colour is which state. */
function states(series) {
  const found = new Map();
  for (const state of series.flatMap((one) => one.states)) if (state && !found.has(state.text)) found.set(state.text, state.colour);
  const items = [...found].slice(0, 6).map(([text, colour]) => h("li", {}, h("i", { class: "swatch box", style: { "--swatch": colour } }), text));
  return h("ul", { class: "legend" }, items);
}

function plotted(place, panel, shown, context) {
  const [{ start, step }] = shown;
  const count = Math.max(...shown.map((one) => one.values.length));
  const times = Array.from({ length: count }, (_, index) => start + index * step);
  const names = shown.map((one) => one.name);
  const size = Math.min(WIDEST, Math.max(...names.map((name) => widest([name]))) + 12, Math.floor(place.clientWidth * 0.4));
  const cells = panel.type === "status-history";
  // Few series stand at the top, as high as they would be among many.
  const rows = Math.max(shown.length, (place.clientHeight - 32) / LARGEST_HEIGHT);
  const options = {
    series: [{}, ...shown.map(() => ({ scale: "y", paths: () => null, points: { show: false } }))],
    scales: { y: { dir: -1, range: () => [0, rows] } },
    axes: [
      timeAxis(),
      {
        scale: "y", stroke: token("--ink"), font: "11px Inter, system-ui, sans-serif", size, gap: 8,
        grid: { show: false }, ticks: { show: false },
        splits: () => names.map((_, index) => index + 0.5),
        values: () => names.map((name) => fitted(name, size - 12)),
      },
    ],
    hooks: { draw: [(self) => bands(self, shown, times, step, cells)] },
  };
  const told = (self, index, y) => {
    const at = Math.floor(self.posToVal(y, "y"));
    const one = shown[at];
    const state = one?.states[index];
    return state ? { title: moment(times[index]), lines: [{ colour: state.colour, name: one.name, text: state.text, strong: false }] } : null;
  };
  return chart(place, context, options, [times, ...shown.map((one) => one.values)], told);
}

/** A name, cut in its middle where it is wider than so many pixels. */
function fitted(name, width) {
  if (widest([name]) <= width) return name;
  let kept = name.length - 1;
  while (kept > 3 && widest([`${name.slice(0, kept)}…`]) > width) kept -= 1;
  return `${name.slice(0, kept)}…`;
}

function bands(self, shown, times, step, cells) {
  const { ctx } = self;
  const { left, width } = self.bbox;
  const ratio = devicePixelRatio;
  const x = (at) => Math.min(left + width, Math.max(left, self.valToPos(at, "x", true)));
  // Cells too narrow to be told apart are drawn as bands.
  const wide = cells && x(times[0] + 2 * step) - x(times[0] + step) > LEAST_CELL * ratio;
  shown.forEach((one, row) => {
    const [top, bottom] = [row + 0.12, row + 0.88].map((at) => self.valToPos(at, "y", true));
    for (const [from, until] of wide ? each(one.states) : runs(one.states)) {
      const state = one.states[from];
      const [a, b] = [x(times[from]), x(times[until] + step)];
      ctx.fillStyle = state.colour;
      ctx.beginPath();
      ctx.roundRect(a, top, Math.max(ratio, b - a - (wide ? ratio : 0)), bottom - top, 2 * ratio);
      ctx.fill();
    }
  });
}

const each = (states) => states.flatMap((state, index) => (state ? [[index, index]] : []));

/** Stretches of one state: `[first index, last index]`. */
function runs(states) {
  const found = [];
  states.forEach((state, index) => {
    const last = found.at(-1);
    if (!state) return;
    if (last && last[1] === index - 1 && states[last[0]].text === state.text && states[last[0]].colour === state.colour) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}
