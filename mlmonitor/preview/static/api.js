// Where the data comes from: the server of this page, or the page itself when it is a snapshot.

import { query } from "./address.js";

/** What was saved into the page; null where a server answers. */
const saved = (() => {
  const place = document.getElementById("frozen");
  return place ? JSON.parse(place.textContent) : null;
})();

export const frozen = saved !== null;

/** `{source, dashboards: [{uid, title, tags}]}`, and of a snapshot `taken`. */
export const listing = () => (saved ? Promise.resolve(saved.listing) : get("/api/dashboards"));

/** A dashboard with its variables chosen, without data. */
export function view(state) {
  if (!saved) return get(`/api/view/${encodeURIComponent(state.uid)}?${query(state)}`);
  const found = saved.views[state.uid];
  return found ? Promise.resolve({ ...found.described, token: state.uid }) : Promise.reject(new Error(`${state.uid}: is not in this snapshot.`));
}

/** The data of a panel. */
export const panel = (token, key, signal) => (saved ? Promise.resolve(saved.views[token].answers[key]) : get(`/api/view/${token}/panel/${encodeURIComponent(key)}`, signal));

/** What happened meanwhile. */
export const events = (token) => (saved ? Promise.resolve(saved.views[token].events) : get(`/api/view/${token}/events`));

async function get(url, signal) {
  let answer;
  try {
    answer = await fetch(url, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("mlmonitor preview does not answer any more: start it again.");
  }
  const data = await answer.json().catch(() => ({ error: `The server answered ${answer.status} without data.` }));
  if (!answer.ok) throw new Error(data.error ?? `The server answered ${answer.status}.`);
  return data;
}
