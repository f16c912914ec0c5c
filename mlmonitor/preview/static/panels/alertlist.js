// Alerts that are open.

import { h, safe } from "../dom.js";
import { moment, now, rough } from "../times.js";

const HIDDEN = new Set(["alertname", "severity", "__name__"]);
const MOST = 50;

/** Draw the panel; an empty list is good news. */
export function draw(body, panel, answer) {
  if (answer.error) return false;
  const alerts = (answer.alerts ?? []).slice(0, panel.options?.maxItems || MOST);
  if (!alerts.length) {
    body.replaceChildren(h("p", { class: "calm" }, h("i", { class: "tick", "aria-hidden": "true" }, "✓"), `No open alerts, of ${answer.rules} rules.`));
    return {};
  }
  body.replaceChildren(h("div", { class: "alerts", tabindex: 0, role: "region", "aria-label": `${panel.title}: alerts` }, h("ul", {}, alerts.map(item))));
  return {};
}

function item({ name, state, since, labels, annotations }) {
  const at = Date.parse(since) / 1000;
  const runbook = safe(annotations.runbook_url ?? "");
  const told = annotations.summary || annotations.description || "";
  return h("li", { class: `alert ${state}`, "data-severity": labels.severity ?? "" },
    h("div", { class: "alert-head" },
      h("span", { class: `badge ${state}` }, state === "firing" ? (labels.severity ?? "firing") : state),
      h("strong", {}, name),
      Number.isNaN(at) ? "" : h("span", { class: "alert-since", title: moment(at) }, `for ${rough(Math.max(0, now() - at))}`)),
    told ? h("p", {}, told) : "",
    h("div", { class: "alert-labels" },
      Object.entries(labels).filter(([key]) => !HIDDEN.has(key)).map(([key, value]) => h("span", { class: "label" }, `${key} ${value}`)),
      annotations.runbook_url && runbook ? h("a", { href: runbook, target: "_blank", rel: "noopener" }, "Runbook") : ""));
}
