// Rows and columns, sorted by any of them.

import { faint, inkUpon } from "../colours.js";
import { h } from "../dom.js";
import { configOf, display } from "../fields.js";
import { rowsOf, tableFrames } from "../frames.js";
import { linked, linksOf } from "../links.js";
import { compare, transformed } from "../transform.js";

const MOST = 200;

/** Draw the panel; false where there is nothing to draw. */
export function draw(body, panel, answer) {
  const { frames, unknown } = transformed(tableFrames(answer, panel.legends), panel.transformations);
  const [frame] = frames.filter((one) => one.fields.some((field) => field.values.length));
  if (!frame) return false;
  const columns = frame.fields.map((field) => column(field, panel.fieldConfig)).filter((one) => !one.config.custom.hidden);
  const notes = [unknown.length ? `Not applied: ${unknown.join(", ")}.` : "", frames.length > 1 ? `The first of ${frames.length} tables.` : ""].filter(Boolean);
  const place = h("div", { class: "table", tabindex: 0, role: "region", "aria-label": `${panel.title}: table` });
  const [{ displayName, desc = false } = {}] = panel.options?.sortBy ?? [];
  show(place, columns, rowsOf(frame), { by: displayName, desc }, panel.title);
  body.replaceChildren(place, ...notes.map((text) => h("p", { class: "note" }, text)));
  return {};
}

function column(field, fieldConfig) {
  const base = configOf(field, fieldConfig);
  const config = field.time && (base.unit === undefined || base.unit === "string") ? { ...base, unit: "dateTimeAsIso" } : base;
  const numbers = field.values.filter((value) => typeof value === "number");
  const range = numbers.length ? [Math.min(0, ...numbers), Math.max(...numbers)] : [0, 1];
  return { ...field, config, range, title: config.displayName ?? field.name, isNumber: field.numeric && !config.mappings?.length };
}

function show(place, columns, rows, order, title) {
  const key = columns.find((one) => one.title === order.by || one.name === order.by);
  const sorted = key ? [...rows].sort((a, b) => compare(a[key.name], b[key.name]) * (order.desc ? -1 : 1)) : rows;
  const again = (by) => {
    show(place, columns, rows, { by, desc: order.by === by ? !order.desc : true }, title);
    [...place.querySelectorAll("th button")].find((button) => button.dataset.column === by)?.focus();
  };
  const lines = sorted.slice(0, MOST).map((row) => h("tr", {}, columns.map((one) => cell(one, row))));
  place.replaceChildren(
    h("table", {}, h("caption", { class: "unseen" }, title), h("thead", {}, h("tr", {}, columns.map((one) => heading(one, order, again)))), h("tbody", {}, lines)),
    rows.length > MOST ? h("p", { class: "note" }, `The first ${MOST} of ${rows.length} rows.`) : "");
}

function heading(one, order, again) {
  const chosen = order.by === one.title || order.by === one.name;
  const direction = chosen ? (order.desc ? "descending" : "ascending") : null;
  const width = one.config.custom.width;
  return h("th", { scope: "col", class: align(one), "aria-sort": direction, style: width ? { width: `${width}px` } : {} },
    h("button", { type: "button", "data-column": one.title, onclick: () => again(one.title) }, one.title, h("span", { class: "order", "aria-hidden": "true" }, direction ? (order.desc ? "↓" : "↑") : "")));
}

const align = ({ config, isNumber }) => config.custom.align && config.custom.align !== "auto" ? config.custom.align : isNumber ? "right" : "left";

function cell(one, row) {
  const value = row[one.name];
  const { cellOptions = {} } = one.config.custom;
  const missing = value === null || value === undefined;
  const config = typeof value === "string" ? { ...one.config, unit: "string" } : one.config;
  const { text, colour } = missing ? { text: "–", colour: null } : display(value, config, 0, one.range);
  const content = linked(text, linksOf(one.config, { value, text, name: one.name, labels: row, row }));
  const type = missing ? "auto" : cellOptions.type;
  if (type === "color-background") {
    return h("td", { class: `${align(one)} filled` }, h("span", { class: "chip", style: { background: colour, color: inkUpon(colour) } }, content));
  }
  if (type === "gauge") return h("td", { class: "right" }, meter(one, value, content, colour));
  const style = type === "color-text" ? { color: colour } : {};
  return h("td", { class: align(one), style, title: missing || text.length < 24 ? null : text }, content);
}

function meter(one, value, content, colour) {
  const [min, max] = [one.config.min ?? one.range[0], one.config.max ?? one.range[1]];
  const share = max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 0;
  return h("span", { class: "meter" },
    h("span", { class: "meter-track", style: { background: faint(colour, 0.16) } }, h("span", { class: "meter-fill", style: { width: `${(share * 100).toFixed(1)}%`, background: colour } })),
    h("span", { class: "meter-value", style: { color: colour } }, content));
}
