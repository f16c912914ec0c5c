// The head of the page: which dashboard, which time, which variables.

import { href } from "./address.js";
import { h, safe } from "./dom.js";
import { picker } from "./picker.js";
import { themeButton } from "./theme.js";
import { refreshPicker, timePicker } from "./timepicker.js";
import { moment } from "./times.js";

/** The bar with the dashboards, the time and the refresh. */
export function bar(listing, view, state, actions) {
  const links = listing.dashboards.map(({ uid, title }) => h("a", { href: href({ ...state, uid }), "aria-current": uid === view.uid ? "page" : null }, title));
  const tools = listing.taken
    ? [h("span", { class: "taken" }, `${moment(view.time.start)} to ${moment(view.time.end)}`)]
    : [
        timePicker(view.time, actions.range),
        h("button", { type: "button", class: "icon-button", "aria-label": "Longer time range", title: "Longer time range", onclick: () => actions.longer(view.time) }, h("span", { class: "icon out", "aria-hidden": "true" })),
        refreshPicker(state.refresh ?? view.refresh, actions.refresh, actions.now),
      ];
  return h("header", { class: "bar" },
    h("a", { class: "brand", href: href({ ...state, uid: listing.dashboards[0].uid }) }, mark(), h("span", {}, "mlmonitor")),
    h("nav", { "aria-label": "Dashboards" }, links),
    h("div", { class: "tools" }, tools, themeButton(actions.theme)));
}

function mark() {
  return h("span", { class: "mark", "aria-hidden": "true" });
}

/** Title, variables and links of a dashboard. */
export function top(view, actions, isFrozen) {
  const shown = view.variables.filter((one) => !one.hidden && !(one.type === "datasource" && one.options.length < 2));
  const controls = shown.map((one) => (isFrozen ? fixed(one) : picker(one, (values) => actions.variable(one.name, values))));
  const links = view.links.map((link) => ({ ...link, url: safe(link.url) })).filter((link) => link.url);
  return h("div", { class: "top" },
    h("div", { class: "heading" }, h("h1", {}, view.title), view.description ? h("p", { class: "soft" }, view.description) : ""),
    h("div", { class: "variables", role: "group", "aria-label": "Variables" }, controls),
    links.length ? h("div", { class: "links" }, links.map((link) => h("a", { href: link.url, title: link.tooltip || null, target: link.targetBlank ? "_blank" : null, rel: "noopener" }, link.title))) : "");
}

function fixed(variable) {
  const texts = variable.options.filter(({ value }) => variable.chosen.includes(value)).map(({ text }) => text);
  return h("div", { class: "variable" }, h("span", { class: "variable-name" }, variable.label), h("span", { class: "variable-value" }, texts.join(", ") || "none"));
}
