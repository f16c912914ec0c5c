// Words.

import { h, safe } from "../dom.js";

const KEPT = new Set(["P", "A", "EM", "STRONG", "CODE", "PRE", "UL", "OL", "LI", "H1", "H2", "H3", "H4", "H5", "H6", "BLOCKQUOTE", "HR", "BR", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD"]);

/** Draw the panel. */
export function draw(body, panel) {
  const { html, content = "" } = panel.options ?? {};
  const place = h("div", { class: "words" });
  if (html === undefined) place.append(h("pre", {}, content));
  else place.append(...clean(new DOMParser().parseFromString(html, "text/html").body));
  body.replaceChildren(place);
  return {};
}

/** The nodes of trusted kinds, without any attribute but addresses of links. */
function clean(parent) {
  return [...parent.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return [node.textContent];
    if (node.nodeType !== Node.ELEMENT_NODE) return [];
    if (!KEPT.has(node.tagName)) return clean(node);
    const url = node.tagName === "A" ? safe(node.getAttribute("href") ?? "") : null;
    return [h(node.tagName.toLowerCase(), url ? { href: url } : {}, clean(node))];
  });
}
