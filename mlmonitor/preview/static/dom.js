// Elements from code: texts are always texts, so that nothing in the data becomes markup.

/** An element; `props` are attributes, `on*` handlers, `class`, and `style` as a mapping. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same in SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An address that may stand in a link; null for scripts and the like. */
export function safe(url) {
  try {
    const found = new URL(url, "http://127.0.0.1/");
    return ["http:", "https:", "mailto:"].includes(found.protocol) ? url : null;
  } catch {
    return null;
  }
}

let count = 0;

/** An id that no other element has. */
export const id = (name) => `${name}-${(count += 1)}`;
