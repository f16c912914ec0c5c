// What the address of the page says: which dashboard, which time, which variables.

const frozen = () => document.documentElement.dataset.frozen !== undefined;

/** `{uid, from, to, refresh, variables: {name: [value]}}`; what is not said is undefined. */
export function read(place = location) {
  const [path, search] = frozen() ? place.hash.replace(/^#/, "").split("?") : [place.pathname, place.search];
  const query = new URLSearchParams(search ?? "");
  const variables = {};
  for (const [name, value] of query) if (name.startsWith("var-")) (variables[name.slice(4)] ??= []).push(value);
  const uid = /^\/d\/([^/]+)/.exec(path ?? "")?.[1];
  return { uid: uid && decodeURIComponent(uid), from: query.get("from") ?? undefined, to: query.get("to") ?? undefined, refresh: query.get("refresh") ?? undefined, variables };
}

/** The same as the query of an address, without its question mark. */
export function query({ from, to, refresh, variables = {} }) {
  const found = new URLSearchParams();
  if (from) found.set("from", from);
  if (to) found.set("to", to);
  if (refresh !== undefined) found.set("refresh", refresh);
  for (const [name, values] of Object.entries(variables)) for (const value of values) found.append(`var-${name}`, value);
  return found.toString();
}

/** The address of a state. */
export function href(state) {
  const search = query(state);
  return `${frozen() ? "#" : ""}/d/${encodeURIComponent(state.uid)}${search ? `?${search}` : ""}`;
}

/** The state that a link of this page leads to; null for a link elsewhere. */
export function inside(link) {
  const url = new URL(link.href, location.href);
  const here = frozen() ? link.getAttribute("href").startsWith("#/d/") || link.getAttribute("href").startsWith("/d/") : url.origin === location.origin && url.pathname.startsWith("/d/");
  if (!here) return null;
  return frozen() ? read({ hash: `#${link.getAttribute("href").replace(/^#/, "")}` }) : read(url);
}
