// Grafana's transformations of tables, those that dashboards of mlmonitor use.

import { calculate, nameOf } from "./calculations.js";

const TRANSFORMATIONS = { merge, organize, sortBy, limit, filterFieldsByName, renameByRegex, joinByField, labelsToFields, reduce, filterByValue };

/** Frames after all transformations; `unknown` names those that are left out. */
export function transformed(frames, transformations = []) {
  const unknown = [];
  let found = frames;
  for (const { id, options = {}, disabled } of transformations) {
    if (disabled) continue;
    if (TRANSFORMATIONS[id]) found = TRANSFORMATIONS[id](found, options);
    else unknown.push(id);
  }
  return { frames: found, unknown };
}

const frameOf = (fields, rows) => ({ refId: "merged", fields: fields.map((field) => ({ ...field, values: rows.map((row) => row[field.name] ?? null) })) });

function records(frame) {
  const length = Math.max(0, ...frame.fields.map((field) => field.values.length));
  return Array.from({ length }, (_, index) => Object.fromEntries(frame.fields.map((field) => [field.name, field.values[index]])));
}

function fieldsOf(frames) {
  const found = new Map();
  for (const field of frames.flatMap((frame) => frame.fields)) if (!found.has(field.name)) found.set(field.name, field);
  return [...found.values()];
}

/** Rows with the same values in the fields that all frames share become one. */
function merge(frames) {
  if (frames.length < 2) return frames;
  const shared = frames[0].fields.map((field) => field.name).filter((name) => frames.every((frame) => frame.fields.some((field) => field.name === name)));
  const rows = new Map();
  for (const frame of frames) {
    for (const record of records(frame)) {
      const key = JSON.stringify(shared.map((name) => record[name]));
      const held = rows.get(key) ?? [];
      const fits = held.find((row) => Object.keys(record).every((name) => shared.includes(name) || row[name] === undefined || row[name] === null));
      if (fits) Object.assign(fits, record);
      else rows.set(key, [...held, { ...record }]);
    }
  }
  return [frameOf(fieldsOf(frames), [...rows.values()].flat())];
}

function joinByField(frames, { byField = "Time", mode = "outer" }) {
  const usable = frames.filter((frame) => frame.fields.some((field) => field.name === byField));
  if (usable.length < 2) return usable.length ? usable : frames;
  const rows = new Map();
  for (const frame of usable) {
    for (const record of records(frame)) rows.set(record[byField], { ...rows.get(record[byField]), ...record, [COUNT]: (rows.get(record[byField])?.[COUNT] ?? 0) + 1 });
  }
  const kept = [...rows.values()].filter((row) => mode !== "inner" || row[COUNT] === usable.length);
  return [frameOf(fieldsOf(usable), kept)];
}
const COUNT = Symbol("frames");

function organize(frames, { excludeByName = {}, indexByName = {}, renameByName = {}, includeByName = {} }) {
  const included = Object.keys(includeByName).filter((name) => includeByName[name]);
  const place = (field) => indexByName[field.name] ?? Number.MAX_SAFE_INTEGER;
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields
      .filter((field) => !excludeByName[field.name] && (!included.length || included.includes(field.name)))
      .sort((a, b) => place(a) - place(b))
      .map((field) => ({ ...field, name: renameByName[field.name] || field.name })),
  }));
}

function sortBy(frames, { sort = [] }) {
  const [{ field: name, desc } = {}] = sort;
  return frames.map((frame) => {
    if (!frame.fields.some((field) => field.name === name)) return frame;
    return frameOf(frame.fields, records(frame).sort((a, b) => compare(a[name], b[name]) * (desc ? -1 : 1)));
  });
}

/** Order of two values: numbers by size, texts by alphabet, nothing first. */
export function compare(a, b) {
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null) ? 0 : (a ?? null) === null ? -1 : 1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

function limit(frames, { limitField = 10 }) {
  return frames.map((frame) => ({ ...frame, fields: frame.fields.map((field) => ({ ...field, values: field.values.slice(0, Number(limitField)) })) }));
}

function filterFieldsByName(frames, { include, exclude }) {
  const told = (rule, name) => (rule?.names ?? []).includes(name) || Boolean(rule?.pattern && new RegExp(rule.pattern.replace(/^\/|\/$/g, "")).test(name));
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.filter((field) => (!include || told(include, field.name)) && !(exclude && told(exclude, field.name))),
  }));
}

function renameByRegex(frames, { regex = "", renamePattern = "" }) {
  const pattern = new RegExp(regex.replace(/^\/|\/$/g, ""));
  return frames.map((frame) => ({ ...frame, fields: frame.fields.map((field) => ({ ...field, name: field.name.replace(pattern, renamePattern) })) }));
}

function labelsToFields(frames, { mode, keepLabels }) {
  return frames.map((frame) => {
    const time = frame.fields.find((field) => field.time);
    const series = frame.fields.filter((field) => field !== time);
    const names = keepLabels ?? [...new Set(series.flatMap((field) => Object.keys(field.labels)))];
    if (mode === "rows") return frame;
    const rows = series.flatMap((field) => field.values.map((value, index) => ({ Time: time?.values[index], ...Object.fromEntries(names.map((name) => [name, field.labels[name] ?? null])), Value: value })));
    const field = (name, numeric) => ({ name, labels: {}, refId: frame.refId, numeric, time: name === "Time" });
    return frameOf([field("Time", false), ...names.map((name) => field(name, false)), field("Value", true)], rows);
  });
}

function reduce(frames, { reducers = ["lastNotNull"] }) {
  const series = frames.flatMap((frame) => frame.fields.filter((field) => field.numeric));
  const field = (name, values, numeric) => ({ name, values, labels: {}, refId: "reduced", numeric });
  return [{
    refId: "reduced",
    fields: [
      field("Field", series.map((one) => one.name), false),
      ...reducers.map((one) => field(nameOf(one), series.map(({ values }) => calculate(one, values)), true)),
    ],
  }];
}

function filterByValue(frames, { filters = [], type = "include", match = "any" }) {
  return frames.map((frame) => frameOf(frame.fields, records(frame).filter((row) => {
    const told = filters.map(({ fieldName, config }) => holds(row[fieldName], config));
    const found = match === "all" ? told.every(Boolean) : told.some(Boolean);
    return found === (type === "include");
  })));
}

function holds(value, { id, options = {} }) {
  const other = options.value;
  return {
    greater: value > other, greaterOrEqual: value >= other, lower: value < other, lowerOrEqual: value <= other,
    equal: String(value) === String(other), notEqual: String(value) !== String(other),
    isNull: value === null, isNotNull: value !== null,
  }[id] ?? true;
}
