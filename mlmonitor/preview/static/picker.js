// The choosers of variables.

import { h, id } from "./dom.js";
import { menu } from "./menu.js";

const ALL = "$__all";
const SEARCHED_FROM = 9;
const MOST = 300;

/** A chooser for a variable of a view; `chosen(values)` is told of a new choice. */
export function picker(variable, chosen) {
  if (variable.type === "textbox") return labelled(variable, textbox(variable, chosen));
  if (variable.several) return labelled(variable, several(variable, chosen));
  return labelled(variable, single(variable, chosen));
}

function labelled(variable, control) {
  const input = control.matches("select, input") ? control : null;
  const name = id("variable");
  if (input) input.id = name;
  const label = h(input ? "label" : "span", { class: "variable-name", for: input ? name : null }, variable.label);
  const place = h("div", { class: "variable", "data-variable": variable.name }, label, control);
  if (variable.error) place.append(h("span", { class: "variable-error", title: variable.error, role: "img", "aria-label": variable.error }, "!"));
  return place;
}

function textbox(variable, chosen) {
  return h("input", { type: "text", value: variable.chosen[0] ?? "", onchange: (event) => chosen([event.target.value]) });
}

function single(variable, chosen) {
  const options = variable.options.map(({ text, value }) => h("option", { value, selected: variable.chosen.includes(value) }, text));
  if (!options.length) options.push(h("option", { value: "" }, "none"));
  return h("select", { disabled: !variable.options.length, onchange: (event) => chosen([event.target.value]) }, options);
}

function several(variable, chosen) {
  const named = variable.options.filter(({ value }) => variable.chosen.includes(value)).map(({ text }) => text);
  const text = named.length === 0 ? "none" : named.length > 2 ? `${named.length} chosen` : named.join(", ");
  return menu(`${variable.label}: ${named.join(", ") || "none"}`, [text], (pane, close) => choices(pane, close, variable, chosen));
}

function choices(pane, close, variable, chosen) {
  const kept = new Set(variable.chosen);
  const list = h("div", { class: "choices", role: "group", "aria-label": variable.label });
  const apply = () => {
    close();
    if ([...kept].sort().join("\n") !== [...variable.chosen].sort().join("\n")) chosen(kept.size ? [...kept] : [ALL]);
  };
  const boxes = () => [...list.querySelectorAll("input")];
  const toggle = (value, on) => {
    if (value === ALL) kept.clear();
    else kept.delete(ALL);
    if (on) kept.add(value);
    else kept.delete(value);
    for (const box of boxes()) box.checked = kept.has(box.value);
  };
  const fill = (wanted = "") => {
    const found = variable.options.filter(({ text }) => text.toLowerCase().includes(wanted.toLowerCase()));
    list.replaceChildren(...found.slice(0, MOST).map(({ text, value }) => h("label", { class: "choice" },
      h("input", { type: "checkbox", value, checked: kept.has(value), onchange: (event) => toggle(value, event.target.checked) }), text)),
      found.length > MOST ? h("p", { class: "note" }, `and ${found.length - MOST} more: search`) : "");
  };
  fill();
  const search = variable.options.length >= SEARCHED_FROM
    ? h("input", { type: "search", placeholder: "Search", "aria-label": `Search ${variable.label}`, oninput: (event) => fill(event.target.value) })
    : "";
  pane.replaceChildren(search, list, h("div", { class: "pane-foot" }, h("button", { type: "button", class: "primary", onclick: apply }, "Apply")));
}
