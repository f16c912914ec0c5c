// Numbers with Grafana's units.

import { ago, moment } from "./times.js";

const scaled = (base, names, after = "") => ({ base, names: names.map((name) => name + after) });
const SHORT = ["", " K", " Mil", " Bil", " Tri"];
const SCALES = {
  short: scaled(1000, SHORT),
  bytes: scaled(1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]),
  decbytes: scaled(1000, [" B", " kB", " MB", " GB", " TB", " PB"]),
  bits: scaled(1024, [" b", " Kib", " Mib", " Gib", " Tib"]),
  binBps: scaled(1024, [" B/s", " KiB/s", " MiB/s", " GiB/s"]),
  Bps: scaled(1000, [" B/s", " kB/s", " MB/s", " GB/s"]),
  hertz: scaled(1000, [" Hz", " kHz", " MHz", " GHz"]),
  cps: scaled(1000, ["", "K", "M", "B"], " c/s"),
  ops: scaled(1000, ["", "K", "M", "B"], " ops/s"),
  reqps: scaled(1000, ["", "K", "M", "B"], " req/s"),
  rps: scaled(1000, ["", "K", "M", "B"], " rd/s"),
  wps: scaled(1000, ["", "K", "M", "B"], " wr/s"),
  cpm: scaled(1000, ["", "K", "M", "B"], " c/m"),
};
const SECONDS = [["ns", 1e-9], ["µs", 1e-6], ["ms", 1e-3], ["s", 1], ["min", 60], ["h", 3600], ["d", 86400], ["w", 604800], ["y", 31536000]];
const TIMES = { ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const SUFFIXES = { percent: "%", celsius: " °C", lengthm: " m", lengthkm: " km", areaM2: " m²" };
const PREFIXES = { currencyUSD: "$", currencyEUR: "€", currencyGBP: "£" };

/** A number as text: `1.23 K`, `45%`, `3.2 ms`; `decimals` undefined keeps three digits. */
export function format(value, unit = "none", decimals = undefined) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "number") return String(value).replace(/^\+?Inf$/, "∞").replace(/^-Inf$/, "−∞");
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "∞");
  if (unit === "string") return plain(value, decimals);
  if (unit === "sci") return scientific(value, decimals);
  if (unit === "dateTimeAsIso" || unit === "dateTimeAsLocal" || unit === "dateTimeAsIsoNoDateIfToday") return moment(value / 1000);
  if (unit === "dateTimeFromNow") return ago(value / 1000);
  if (unit === "percentunit") return `${plain(value * 100, decimals)}%`;
  if (unit === "bool") return value ? "True" : "False";
  if (unit === "bool_yes_no") return value ? "Yes" : "No";
  if (unit === "bool_on_off") return value ? "On" : "Off";
  if (unit === "locale") return value.toLocaleString("en", { maximumFractionDigits: decimals ?? 2 });
  if (unit in SCALES) return inScale(value, SCALES[unit], decimals);
  if (unit in TIMES) return inTime(value * TIMES[unit], decimals);
  if (unit === "dtdurations") return inTime(value, decimals);
  if (unit === "dtdurationms") return inTime(value / 1000, decimals);
  if (unit in SUFFIXES) return plain(value, decimals) + SUFFIXES[unit];
  if (unit in PREFIXES) return (value < 0 ? "−" : "") + PREFIXES[unit] + inScale(Math.abs(value), SCALES.short, decimals);
  const custom = /^(suffix|prefix|si):(.*)$/s.exec(unit);
  if (custom?.[1] === "prefix") return custom[2] + plain(value, decimals);
  if (custom?.[1] === "suffix") return `${plain(value, decimals)} ${custom[2].trim()}`;
  return plain(value, decimals) + (unit && unit !== "none" && !/^[a-z]+$/i.test(unit) ? ` ${unit}` : "");
}

/** Labels of the ticks of an axis, with as many decimals as tell them exactly. */
export function tickLabels(ticks, unit) {
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : Math.abs(ticks[0] ?? 0);
  const least = (wanted) => {
    let decimals = 0;
    while (decimals < 6 && !wanted.every((tick) => exact(tick, step, unit, decimals))) decimals += 1;
    return decimals;
  };
  // A unit that scales has another scale at each tick: `500`, `1 K`, `1.5 K`.
  const each = unit in SCALES || unit in TIMES;
  const common = least(ticks);
  return ticks.map((tick) => format(tick, unit, each || tick === 0 ? least([tick]) : common));
}

/** Distances of ticks that give round numbers in a unit; undefined where those of ten do. */
export function increments(unit) {
  const binary = SCALES[unit]?.base === 1024;
  return binary ? Array.from({ length: 60 }, (_, power) => 2 ** power) : undefined;
}

/** Whether so many decimals tell a tick to within a fiftieth of a step. */
function exact(tick, step, unit, decimals) {
  if (tick === 0) return true;
  const number = (places) => Number.parseFloat(format(tick, unit, places).replaceAll("−", "-"));
  const shown = number(decimals + 3);
  return Math.abs(number(decimals) - shown) <= Math.abs((step * shown) / tick) / 50;
}

/** `2.4e−9`; what has few digits is written as usual. */
function scientific(value, decimals) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 0.001 && size < 10000)) return plain(value, size >= 1 && !Number.isInteger(value) ? 2 : undefined);
  return value.toExponential(decimals ?? 1).replace("+", "").replaceAll("-", "−");
}

/** A number alone; three digits where nothing else is asked for. */
function plain(value, decimals) {
  const text = value.toFixed(decimals ?? digits(value));
  const short = decimals === undefined || decimals === null ? trimmed(text) : text;
  return Number(short) === 0 ? short.replace("-", "") : short.replace("-", "−");
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function digits(value) {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 1) return 2;
  return Math.min(8, 2 - Math.floor(Math.log10(size)));
}

function inScale(value, { base, names }, decimals) {
  let [size, index] = [Math.abs(value), 0];
  while (size >= base * 0.99995 && index < names.length - 1) [size, index] = [size / base, index + 1];
  const places = index === 0 && Number.isInteger(value) ? (decimals ?? 0) : decimals;
  return plain(Math.sign(value) * size, places) + names[index];
}

function inTime(seconds, decimals) {
  const size = Math.abs(seconds);
  const [name, length] = size === 0 ? SECONDS[3] : (SECONDS.findLast(([, least]) => size >= least * 0.99995) ?? SECONDS[0]);
  return `${plain(seconds / length, decimals)} ${name}`;
}
