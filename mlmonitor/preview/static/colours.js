// Grafana's names of colours, and what they are in the light and in the dark.

const NAMED = {
  green: ["#177a4f", "#4cc38a"],
  red: ["#c4271b", "#ff6f66"],
  orange: ["#b54f00", "#ff9f55"],
  yellow: ["#a97a00", "#f0c444"],
  blue: ["#2563c9", "#6ea8ff"],
  purple: ["#7c3fc0", "#c08cff"],
  text: ["#3d4854", "#c5cdd6"],
  gray: ["#6a7580", "#8b97a3"],
  grey: ["#6a7580", "#8b97a3"],
  white: ["#ffffff", "#ffffff"],
  black: ["#000000", "#000000"],
  transparent: ["transparent", "transparent"],
};
const SERIES = [
  ["#2f6fdb", "#6ea8ff"], ["#d9730d", "#ff9f55"], ["#0f8a8a", "#3fc6c0"], ["#8b3fc6", "#c08cff"],
  ["#c2347f", "#ff85b8"], ["#8a6d00", "#e6c54a"], ["#3b8f2f", "#86d077"], ["#5a55d6", "#9a96ff"],
  ["#9c4a2f", "#dd9a80"], ["#52708f", "#9db8d4"],
];
const SHADES = { "super-light-": 0.55, "light-": 0.3, "semi-dark-": -0.12, "dark-": -0.25 };
const SCHEMES = {
  "continuous-GrYlRd": ["green", "yellow", "red"],
  "continuous-RdYlGr": ["red", "yellow", "green"],
  "continuous-YlRd": ["yellow", "red"],
  "continuous-BlYlRd": ["blue", "yellow", "red"],
  "continuous-YlBl": ["yellow", "blue"],
  "continuous-blues": ["panel", "blue"],
  "continuous-reds": ["panel", "red"],
  "continuous-greens": ["panel", "green"],
  "continuous-purples": ["panel", "purple"],
};
const HEAT = {
  Oranges: [["#fff4e8", "#fdb163", "#d9590b", "#7a2c00"], ["#26190f", "#8f4408", "#f2872c", "#ffe3c2"]],
  Blues: [["#eef4ff", "#90b8f8", "#2f6fdb", "#0c2f70"], ["#111c2e", "#1f4f9e", "#6ea8ff", "#e2edff"]],
  Reds: [["#fff0ee", "#f89c92", "#c4271b", "#650e07"], ["#2a1413", "#8f2019", "#ff6f66", "#ffe1de"]],
  Greens: [["#edf8f1", "#86cfa6", "#177a4f", "#053d24"], ["#10221a", "#15613f", "#4cc38a", "#dff5ea"]],
  Purples: [["#f6f0fd", "#c3a0ea", "#7c3fc0", "#3b1466"], ["#1e1629", "#57308a", "#c08cff", "#f1e5ff"]],
  Spectral: [["#2b6cb0", "#f2e394", "#c4271b"], ["#6ea8ff", "#f0e9b0", "#ff6f66"]],
};

/** Whether the page is dark now. */
export const isDark = () => document.documentElement.dataset.theme === "dark";

const pick = ([light, dark]) => (isDark() ? dark : light);

/** A CSS colour for one of Grafana's names, or the colour that it is already. */
export function colour(name) {
  if (!name) return pick(NAMED.text);
  if (name in NAMED) return pick(NAMED[name]);
  for (const [prefix, amount] of Object.entries(SHADES)) {
    const base = name.startsWith(prefix) ? NAMED[name.slice(prefix.length)] : null;
    if (base) return mixed(pick(base), amount > 0 ? "#ffffff" : "#000000", Math.abs(amount));
  }
  if (name === "panel") return token("--panel");
  return /^(#|rgb|hsl)/.test(name) ? name : pick(NAMED.text);
}

/** The colour of the series at a place. */
export const seriesColour = (index) => pick(SERIES[index % SERIES.length]);

/** A colour between those of a scheme, `share` between 0 and 1. */
export function gradient(mode, share) {
  return between((SCHEMES[mode] ?? SCHEMES["continuous-GrYlRd"]).map(colour), share);
}

/** A colour of a heat map. */
export function heat(scheme, share) {
  return between(pick(HEAT[scheme] ?? HEAT.Oranges), share);
}

function between(colours, share) {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const index = Math.min(colours.length - 2, Math.floor(place));
  return mixed(colours[index], colours[index + 1], place - index);
}

/** A colour with another mixed in. */
export function mixed(one, other, share) {
  const [a, b] = [channels(one), channels(other)];
  return `rgb(${a.map((value, index) => Math.round(value + (b[index] - value) * share)).join(",")})`;
}

/** A colour that lets through what is behind it. */
export function faint(name, alpha) {
  return name === "transparent" ? name : `rgba(${channels(name).join(",")},${alpha})`;
}

/** Black or white, whichever can be read upon a colour. */
export function inkUpon(name) {
  const [r, g, b] = channels(name).map((value) => {
    const part = value / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.183 ? "#0b0f14" : "#ffffff";
}

function channels(text) {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(text)?.[1];
  if (hex) {
    const long = hex.length < 6 ? [...hex].map((digit) => digit + digit).join("") : hex;
    return [0, 2, 4].map((at) => Number.parseInt(long.slice(at, at + 2), 16));
  }
  const numbers = text.match(/[\d.]+/g);
  return numbers?.length >= 3 ? numbers.slice(0, 3).map(Number) : [128, 128, 128];
}

/** The value of a CSS variable of the theme. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
