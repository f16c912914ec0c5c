// Moments and lengths of time, as people read them.

const pad = (number) => String(number).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const LENGTHS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, M: 2592000, y: 31536000 };

/** `14:03:59` */
export function clock(seconds, withSeconds = true) {
  const at = new Date(seconds * 1000);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}${withSeconds ? `:${pad(at.getSeconds())}` : ""}`;
}

/** `25 Nov` */
export function day(seconds) {
  const at = new Date(seconds * 1000);
  return `${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

/** `2026-11-25 14:03:59` */
export function moment(seconds) {
  const at = new Date(seconds * 1000);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock(seconds)}`;
}

/** Labels of a time axis whose ticks are `step` seconds apart; the date where it changes. */
export function ticks(moments, step) {
  let last = null;
  return moments.map((at) => {
    const date = day(at);
    const changed = last !== null && date !== last;
    last = date;
    if (step >= LENGTHS.d) return date;
    return changed ? date : clock(at, step < 60);
  });
}

let stopped = null;

/** The time now, or that of the snapshot. */
export const now = () => stopped ?? Date.now() / 1000;

/** Let the time stand still, as it does in a snapshot. */
export function stop(at) {
  stopped = at;
}

/** `3 min ago` */
export function ago(seconds) {
  const passed = now() - seconds;
  return passed < 0 ? `in ${rough(-passed)}` : `${rough(passed)} ago`;
}

/** `3 min` */
export function rough(seconds) {
  const scale = [["y", 31536000], ["mo", 2592000], ["d", 86400], ["h", 3600], ["min", 60]];
  const [unit, size] = scale.find(([, least]) => seconds >= least) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

const UNIT_NAMES = { s: "second", m: "minute", h: "hour", d: "day", w: "week", M: "month", y: "year" };

/** A range as people say it: `Last 6 hours`, or both its ends. */
export function rangeText(from, to) {
  const found = /^now-(\d+)([smhdwMy])$/.exec(from);
  if (found && to === "now") {
    const name = UNIT_NAMES[found[2]];
    return found[1] === "1" ? `Last ${name}` : `Last ${found[1]} ${name}s`;
  }
  const [start, end] = [from, to].map((text) => (/^\d+$/.test(text) ? Number(text) / 1000 : null));
  if (start !== null && end !== null && day(start) === day(end)) return `${day(start)}, ${clock(start)} to ${clock(end)}`;
  return `${endText(from)} to ${endText(to)}`;
}

function endText(text) {
  if (!/^\d+$/.test(text)) return text;
  const at = Number(text) / 1000;
  const thisYear = new Date(at * 1000).getFullYear() === new Date(now() * 1000).getFullYear();
  return thisYear ? `${day(at)} ${clock(at)}` : moment(at);
}
