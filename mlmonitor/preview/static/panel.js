// The frame of a panel: title, description, state; what is in it is drawn by its type.

import { asTable } from "./astable.js";
import { h, id, safe } from "./dom.js";
import { PANELS, TABULAR } from "./panels/index.js";

/** A panel in the page; `described` is the server's, `context` what drawings need to know. */
export class Panel {
  constructor(described, context) {
    this.described = described;
    this.context = context;
    this.answer = null;
    this.drawn = null;
    this.tabular = false;
    this.body = h("div", { class: "body" }, h("div", { class: "waiting", role: "status" }, h("span", { class: "unseen" }, "Loading")));
    this.alert = h("p", { class: "failure", role: "status", hidden: true });
    const title = h("h3", { id: id("panel") }, described.title || h("span", { class: "unseen" }, `${described.type} panel`));
    this.element = h("article", { class: described.transparent ? "panel transparent" : "panel", "aria-labelledby": title.id, "data-key": described.key, "data-type": described.type, "data-state": "loading" },
      h("div", { class: "panel-head" }, title, this.about(), this.switch()), this.alert, this.body);
  }

  about() {
    const { description, links = [] } = this.described;
    const kept = links.map((link) => ({ ...link, url: safe(link.url) })).filter((link) => link.url);
    if (!description && !kept.length) return "";
    const about = h("div", { class: "about", id: id("about"), role: "tooltip" }, description ? h("p", {}, description) : "", kept.map((link) => h("a", { href: link.url }, link.title)));
    return h("span", { class: "about-place" },
      h("button", { type: "button", class: "icon-button small", "aria-label": `About ${this.described.title}`, "aria-describedby": about.id }, h("span", { class: "icon info", "aria-hidden": "true" })), about);
  }

  switch() {
    if (!TABULAR.has(this.described.type)) return "";
    const button = h("button", { type: "button", class: "icon-button small quiet", "aria-pressed": "false", "aria-label": `Numbers of ${this.described.title} as a table`, title: "Show as a table" }, h("span", { class: "icon grid", "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      this.tabular = !this.tabular;
      button.setAttribute("aria-pressed", String(this.tabular));
      this.draw();
    });
    return button;
  }

  /** Show an answer of the server. */
  show(answer) {
    this.answer = answer;
    this.draw();
  }

  /** Show that no answer could be had; what was drawn before stays. */
  fail(message) {
    this.answer ??= { targets: [], failed: true };
    this.complain([message]);
    if (!this.drawn) this.body.replaceChildren();
    this.element.dataset.state = "error";
  }

  /** Draw what is known, as after a change of the theme. */
  draw() {
    if (!this.answer || this.answer.failed) return;
    const { described: panel, answer, body, context } = this;
    this.drawn?.destroy?.();
    this.drawn = null;
    this.complain(errorsOf(answer));
    const drawer = PANELS[panel.type];
    try {
      if (!drawer) this.say(`Panels of type ${panel.type} are not drawn here, only in Grafana.`, "unknown");
      else if (this.tabular) this.tell(() => asTable(body, panel, answer) ?? {});
      else this.tell(() => drawer(body, panel, answer, context));
    } catch (error) {
      this.say(`This panel cannot be drawn: ${error.message}`, "error");
      console.error(error);
    }
  }

  tell(drawer) {
    const drawn = drawer();
    if (drawn) this.drawn = drawn;
    if (drawn) this.element.dataset.state = this.alert.hidden ? "drawn" : "error";
    else this.say(this.alert.hidden ? "No data" : "", this.alert.hidden ? "empty" : "error");
  }

  complain(messages) {
    this.alert.hidden = !messages.length;
    this.alert.textContent = messages.join(" ");
    this.alert.title = messages.join("\n");
  }

  say(text, state) {
    this.body.replaceChildren(h("p", { class: "nothing" }, text));
    this.element.dataset.state = state;
  }
}

/** What went wrong, each sentence once. */
function errorsOf(answer) {
  return [...new Set([answer.error, ...(answer.targets ?? []).map((target) => target.error)].filter(Boolean))];
}
