// The data of a drawing as a table, for those who want numbers or cannot see it.

import { calculate, nameOf } from "./calculations.js";
import { h } from "./dom.js";
import { configOf, display } from "./fields.js";
import { rowsOf, seriesOf, tableFrames } from "./frames.js";
import { transformed } from "./transform.js";

const CALCULATIONS = ["lastNotNull", "min", "mean", "max"];
const MOST = 200;

/** Show an answer as a table. */
export function asTable(body, panel, answer) {
  const tables = (answer.targets ?? []).some((target) => target.format === "table");
  const content = tables ? ofFrames(panel, answer) : ofSeries(panel, answer);
  body.replaceChildren(h("div", { class: "table", tabindex: 0, role: "region", "aria-label": `${panel.title}: numbers` }, content));
}

function ofSeries(panel, answer) {
  const series = seriesOf(answer, panel.legends).slice(0, MOST);
  const instant = series.every((one) => one.values.length === 1);
  const columns = instant ? ["lastNotNull"] : CALCULATIONS;
  const rows = series.map((one) => {
    const config = configOf(one, panel.fieldConfig);
    const numeric = one.values.map((value) => (typeof value === "number" ? value : null));
    return h("tr", {}, h("th", { scope: "row" }, one.name), columns.map((column) => h("td", { class: "right" }, display(calculate(column, numeric), config).text)));
  });
  const names = instant ? ["Value"] : columns.map(nameOf);
  return table(panel.title, ["Series", ...names], rows);
}

function ofFrames(panel, answer) {
  const { frames } = transformed(tableFrames(answer, panel.legends), panel.transformations);
  const [frame] = frames.filter((one) => one.fields.length);
  if (!frame) return h("p", { class: "note" }, "No data");
  const fields = frame.fields.filter((field) => !field.time);
  const rows = rowsOf(frame).slice(0, MOST).map((row) => h("tr", {}, fields.map((field) => h("td", { class: field.numeric ? "right" : "left" }, field.numeric ? display(row[field.name], configOf(field, panel.fieldConfig)).text : String(row[field.name] ?? "")))));
  return table(panel.title, fields.map((field) => field.name), rows);
}

function table(title, names, rows) {
  const heads = names.map((name, index) => h("th", { scope: "col", class: index ? "right" : "left" }, name));
  return h("table", {}, h("caption", { class: "unseen" }, title), h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
}
