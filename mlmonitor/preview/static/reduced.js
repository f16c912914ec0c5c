// What stat panels, gauges and bars show: one value for each series or row.

import { calculate } from "./calculations.js";
import { configOf, display } from "./fields.js";
import { rowsOf, tableFrames, seriesOf } from "./frames.js";
import { transformed } from "./transform.js";

const MOST = 50;

/** `[{name, value, values, config, text, colour, labels, row}]` and how many are left out. */
export function reduced(panel, answer) {
  const { calcs = ["lastNotNull"], values = false, fields = "", limit = MOST } = panel.options?.reduceOptions ?? {};
  const isTable = (answer.targets ?? []).some((target) => target.format === "table") || panel.transformations?.length;
  const found = isTable ? ofTables(panel, answer, { calcs, values, fields }) : seriesOf(answer, panel.legends).map((one) => ({ ...one, value: calculate(calcs[0], one.values) }));
  const range = extent(found);
  const described = found.map((one, index) => {
    const config = one.config ?? configOf(one, panel.fieldConfig);
    return { ...one, config, name: config.displayName ? one.name && config.displayName.replaceAll("${__series.name}", one.name) : one.name, ...display(one.value, config, index, range) };
  });
  const shown = described.filter((one) => one.value !== null || described.length === 1);
  return { values: shown.slice(0, limit), left: Math.max(0, shown.length - limit), range };
}

function ofTables(panel, answer, { calcs, values, fields }) {
  const { frames } = transformed(tableFrames(answer, panel.legends), panel.transformations);
  return frames.flatMap((frame) => {
    const rows = rowsOf(frame);
    const numeric = frame.fields.filter((field) => field.numeric && (!fields || chosen(fields, field.name)));
    const named = frame.fields.find((field) => !field.numeric && !field.time);
    if (!values) return numeric.map((field) => ({ ...field, value: calculate(calcs[0], field.values) }));
    return rows.flatMap((row) => numeric.map((field) => ({
      ...field,
      config: configOf(field, panel.fieldConfig),
      name: named ? String(row[named.name] ?? "") : field.name,
      value: row[field.name],
      values: [row[field.name]],
      row,
    })));
  });
}

function chosen(fields, name) {
  const pattern = /^\/(.*)\/$/.exec(fields);
  return pattern ? new RegExp(pattern[1]).test(name) : fields === name;
}

function extent(found) {
  const numbers = found.map((one) => one.value).filter((value) => typeof value === "number");
  return numbers.length ? [Math.min(0, ...numbers), Math.max(...numbers)] : [0, 1];
}
