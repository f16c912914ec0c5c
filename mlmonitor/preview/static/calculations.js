// One number from the values of a series.

const numbers = (values) => values.filter((value) => typeof value === "number");
const sum = (values) => values.reduce((total, value) => total + value, 0);
const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  return sorted[low] + ((sorted[low + 1] ?? sorted[low]) - sorted[low]) * (place - low);
};

const CALCULATIONS = {
  lastNotNull: ["Last", (values) => values.findLast((value) => value !== null)],
  last: ["Last", (values) => values.at(-1)],
  firstNotNull: ["First", (values) => values.find((value) => value !== null)],
  first: ["First", (values) => values[0]],
  mean: ["Mean", (values) => sum(numbers(values)) / numbers(values).length],
  min: ["Min", (values) => Math.min(...numbers(values))],
  max: ["Max", (values) => Math.max(...numbers(values))],
  sum: ["Sum", (values) => sum(numbers(values))],
  count: ["Count", (values) => values.length],
  range: ["Range", (values) => Math.max(...numbers(values)) - Math.min(...numbers(values))],
  delta: ["Delta", (values) => numbers(values).at(-1) - numbers(values)[0]],
  median: ["Median", (values) => quantile(numbers(values), 0.5)],
  p95: ["p95", (values) => quantile(numbers(values), 0.95)],
  p99: ["p99", (values) => quantile(numbers(values), 0.99)],
};

/** What a calculation is called. */
export const nameOf = (calculation) => CALCULATIONS[calculation]?.[0] ?? calculation;

/** The result; null where there are no values for it. */
export function calculate(calculation, values) {
  const found = (CALCULATIONS[calculation] ?? CALCULATIONS.lastNotNull)[1](values);
  return found === undefined || Number.isNaN(found) || found === Infinity || found === -Infinity ? null : found;
}
