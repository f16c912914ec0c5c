// Links from values: Grafana's data links with the value's name, labels and row filled in.

import { h, safe } from "./dom.js";

/** The links of a value, with addresses that may be followed. */
export function linksOf(config, { value, text = "", name = "", labels = {}, row = {} } = {}) {
  return (config.links ?? []).map((link) => ({ ...link, url: safe(filled(link.url, { value, text, name, labels, row })) })).filter((link) => link.url);
}

function filled(url, { value, text, name, labels, row }) {
  const known = { "__value.raw": value, "__value.text": text, "__value.numeric": value, "__series.name": name, "__field.name": name };
  return url.replace(/\$\{(__[\w.]+?)(?:\.labels\.(\w+)|\.fields(?:\.([\w ]+)|\["?([^"\]]+)"?\]))?(?::\w+)?\}/g, (whole, base, label, field, quoted) => {
    const found = label ? labels[label] : field || quoted ? row[field ?? quoted] : known[base];
    return found === undefined || found === null ? (label || field || quoted || base in known ? "" : whole) : encodeURIComponent(found);
  });
}

/** Content as a link where there is one. */
export function linked(content, links, props = {}) {
  const [first] = links;
  if (!first) return content;
  const blank = first.targetBlank ? { target: "_blank", rel: "noopener" } : {};
  return h("a", { href: first.url, title: first.title || null, ...blank, ...props }, content);
}
