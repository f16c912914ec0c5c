// Which colour is which series, with numbers where the panel wants them.

import { calculate, nameOf } from "./calculations.js";
import { display } from "./fields.js";
import { h } from "./dom.js";

const MOST_IN_LIST = 10;
const MOST_IN_TABLE = 8;

/**
 * The legend of `series`: `{name, colour, values, config, dashed}`; null where none is to be shown.
 * `toggle(index, alone)` is called when a name is clicked.
 */
export function legend(series, { showLegend = true, displayMode = "list", calcs = [], sortBy, sortDesc } = {}, toggle) {
  if (!showLegend || displayMode === "hidden" || !series.length) return null;
  const entries = series.map((one, index) => ({ ...one, index })).filter((one) => !one.config.custom?.hideFrom?.legend);
  if (sortBy) {
    const calculation = calcs.find((one) => nameOf(one) === sortBy) ?? calcs[0];
    const size = (one) => calculate(calculation, one.values) ?? -Infinity;
    entries.sort((a, b) => (size(a) - size(b)) * (sortDesc ? -1 : 1));
  }
  return displayMode === "table" && calcs.length ? asTable(entries, calcs, toggle) : asList(entries, calcs, toggle);
}

function asList(entries, calcs, toggle) {
  const list = h("ul", { class: "legend" });
  const item = (one) => h("li", {}, name(one, toggle), ...calcs.map((calculation) => h("span", { class: "legend-value" }, `${nameOf(calculation)}: ${value(one, calculation)}`)));
  limited(list, entries.map(item), MOST_IN_LIST, (rest) => h("li", {}, rest));
  return list;
}

function asTable(entries, calcs, toggle) {
  const body = h("tbody");
  const row = (one) => h("tr", {}, h("th", { scope: "row" }, name(one, toggle)), calcs.map((calculation) => h("td", {}, value(one, calculation))));
  limited(body, entries.map(row), MOST_IN_TABLE, (rest) => h("tr", {}, h("td", { class: "legend-rest", colspan: calcs.length + 1 }, rest)));
  return h("div", { class: "legend-table", tabindex: 0, role: "region", "aria-label": "Legend" },
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Name"), calcs.map((one) => h("th", { scope: "col" }, nameOf(one))))), body));
}

/** The first elements, and a button for the rest. */
function limited(parent, elements, most, wrapped) {
  parent.append(...elements.slice(0, most + 1 >= elements.length ? elements.length : most));
  const rest = elements.slice(parent.children.length);
  if (!rest.length) return;
  const button = h("button", { type: "button", class: "more", onclick: () => { last.replaceWith(...rest); } }, `and ${rest.length} more`);
  const last = wrapped(button);
  parent.append(last);
}

function name(one, toggle) {
  const swatch = h("i", { class: one.dashed ? "swatch dashed" : "swatch", style: { "--swatch": one.colour } });
  const button = h("button", { type: "button", class: "legend-name", title: one.name, "aria-pressed": "true" }, swatch, h("span", {}, one.name));
  button.addEventListener("click", (event) => toggle?.(one.index, !(event.ctrlKey || event.metaKey)));
  button.dataset.series = one.index;
  return button;
}

const value = (one, calculation) => display(calculate(calculation, one.values), { ...one.config, mappings: one.config.mappings }).text;
