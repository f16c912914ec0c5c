// Fields: how the values of one series or column are named, written and coloured.

import { colour, gradient, seriesColour } from "./colours.js";
import { format } from "./units.js";

/** `defaults` with the overrides of `fieldConfig` that mean this field. */
export function configOf(field, { defaults = {}, overrides = [] } = {}) {
  const config = { ...defaults, custom: { ...defaults.custom } };
  for (const { matcher, properties } of overrides) {
    if (!means(matcher, field)) continue;
    for (const { id, value } of properties) {
      if (id.startsWith("custom.")) config.custom[id.slice(7)] = value;
      else config[id] = value;
    }
  }
  return config;
}

function means({ id, options }, field) {
  switch (id) {
    case "byName": return options === field.name;
    case "byFrameRefID": return options === field.refId;
    case "byRegexp": return pattern(options).test(field.name);
    case "byType": return options === (field.numeric === false ? "string" : "number");
    case "byNames": return (options.names ?? []).includes(field.name) !== (options.mode === "exclude");
    default: return false;
  }
}

function pattern(text) {
  const found = /^\/(.*)\/([a-z]*)$/s.exec(text);
  try {
    return found ? new RegExp(found[1], found[2]) : new RegExp(`^(?:${text})$`);
  } catch {
    return /$^/;
  }
}

/** A value for people: `{text, colour}`; `range` are the least and the largest value shown. */
export function display(value, config, index = 0, range = [0, 100]) {
  const mapped = mapping(value, config.mappings);
  const missing = value === null || value === undefined || value === "NaN";
  if (missing && !mapped) return { text: config.noValue ?? "–", colour: colour("gray") };
  const text = mapped?.text ?? format(value, config.unit, config.decimals);
  return { text, colour: mapped?.color ? colour(mapped.color) : valueColour(value, config, index, range) };
}

/** What a value is called, where mappings name it. */
export function mapping(value, mappings = []) {
  for (const { type, options } of mappings) {
    if (type === "value" && value !== null && String(value) in options) return options[String(value)];
    if (type === "range" && typeof value === "number" && value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity)) return options.result;
    if (type === "regex" && typeof value === "string" && pattern(options.pattern).test(value)) return options.result;
    if (type === "special" && special(value, options.match)) return options.result;
  }
  return null;
}

function special(value, match) {
  const missing = value === null || value === undefined;
  const isNaN = value === "NaN" || Number.isNaN(value);
  return { null: missing, nan: isNaN, "null+nan": missing || isNaN, true: value === true, false: value === false, empty: value === "" }[match] ?? false;
}

/** The colour of a value: by thresholds, fixed, of a scheme, or that of its series. */
export function valueColour(value, config, index, range) {
  const mode = config.color?.mode ?? "thresholds";
  if (mode === "fixed") return colour(config.color.fixedColor);
  if (mode.startsWith("palette")) return seriesColour(index);
  if (mode.startsWith("continuous")) {
    const [least, most] = [config.min ?? range[0], config.max ?? range[1]];
    return gradient(mode, most > least ? (value - least) / (most - least) : 0);
  }
  return colour(stepOf(value, config.thresholds, [config.min ?? range[0], config.max ?? range[1]])?.color ?? "text");
}

/** The threshold that a value has reached. */
export function stepOf(value, thresholds, range) {
  const steps = thresholds?.steps ?? [];
  const number = typeof value === "number" ? value : Number.NaN;
  const level = (step) => (step.value === undefined || step.value === null
    ? -Infinity
    : thresholds.mode === "percentage" ? range[0] + (step.value / 100) * (range[1] - range[0]) : step.value);
  return steps.findLast((step) => level(step) <= number) ?? steps[0];
}

/** The colour of a whole series in a chart. */
export function lineColour(config, index, last) {
  const mode = config.color?.mode ?? "palette-classic";
  if (mode === "fixed") return colour(config.color.fixedColor);
  return mode === "thresholds" || mode.startsWith("continuous") ? valueColour(last, config, index, [0, 1]) : seriesColour(index);
}
