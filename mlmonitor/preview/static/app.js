// The page: reads its address, asks for the dashboard, shows it, and keeps it fresh.

import { href, inside, read } from "./address.js";
import * as api from "./api.js";
import { h, id } from "./dom.js";
import { places } from "./grid.js";
import { bar, top } from "./header.js";
import { Panel } from "./panel.js";
import { follow } from "./theme.js";
import { seconds } from "./timepicker.js";
import { clock, stop } from "./times.js";

const AT_ONCE = 6;
const AHEAD = "600px";
// Types of panels that mark what happened.
const MARKED = new Set(["graph", "heatmap", "state-timeline", "status-history", "timeseries"]);

const page = { state: read(), view: null, listing: null, events: [], panels: new Map(), due: new Set(), running: 0, abort: null, timer: 0, shape: "", head: "", turn: 0 };
const root = document.getElementById("app");
const news = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
const watch = new IntersectionObserver(seen, { rootMargin: AHEAD });

const actions = {
  range: (from, to) => go({ from, to }),
  refresh: (refresh) => go({ refresh }),
  variable: (name, values) => go({ variables: { ...page.state.variables, [name]: values } }),
  now: () => load(),
  theme: () => page.panels.forEach((panel) => panel.draw()),
  longer: ({ start, end }) => {
    const half = (end - start) / 2;
    go({ from: String(Math.round((start - half) * 1000)), to: String(Math.round((end + half) * 1000)) });
  },
};

/** What drawings need to know of the page. */
const context = {
  get range() {
    return [page.view.time.start, page.view.time.end];
  },
  get shared() {
    return page.view.shared;
  },
  events: () => page.events,
  zoom: (from, to) => (api.frozen ? undefined : go({ from: String(Math.round(from * 1000)), to: String(Math.round(to * 1000)) })),
};

function go(change) {
  page.state = { ...page.state, ...change };
  history.pushState(null, "", href(page.state));
  load();
}

async function load() {
  clearTimeout(page.timer);
  root.dataset.state = "loading";
  page.turn += 1;
  const turn = page.turn;
  if (!page.panels.size && !root.firstChild) root.replaceChildren(h("div", { class: "opening", role: "status" }, h("span", { class: "waiting", "aria-hidden": "true" }), "Asking Prometheus"));
  try {
    page.listing ??= await api.listing();
    page.state.uid ??= page.listing.dashboards[0].uid;
    const view = await api.view(page.state);
    if (turn !== page.turn) return;
    show(view);
  } catch (error) {
    if (turn === page.turn) refuse(error.message);
  }
  plan();
}

/** The next refresh. */
function plan() {
  const refresh = seconds(page.state.refresh ?? page.view?.refresh);
  if (!refresh || api.frozen) return;
  page.timer = setTimeout(() => (document.hidden ? plan() : load()), refresh * 1000);
}

function show(view) {
  page.abort?.abort();
  page.abort = new AbortController();
  page.view = view;
  if (api.frozen) stop(view.time.end);
  document.title = `${view.title} · mlmonitor`;
  const shape = JSON.stringify([view.uid, view.sections]);
  const head = JSON.stringify([view.title, view.variables, view.time.from, view.time.to, page.state]);
  if (shape !== page.shape) build(view);
  // A menu that is open stays: what it offers is old, but closing it under the pointer is worse.
  else if (head !== page.head && !root.querySelector(".pane:not([hidden])")) heads(view);
  [page.shape, page.head] = [shape, head];
  page.due = new Set(page.panels.keys());
  if (!page.panels.size) settled();
  api.events(view.token).then(({ events }) => {
    if (page.view !== view) return;
    page.events = events;
    if (events.length) page.panels.forEach((panel) => MARKED.has(panel.described.type) && panel.drawn && panel.draw());
  }, () => {});
  for (const panel of page.panels.values()) {
    watch.unobserve(panel.element);
    watch.observe(panel.element);
  }
}

/** The head anew; what had the focus has it again. */
function heads(view) {
  const controls = () => [...root.querySelectorAll(".bar a, .bar button, .bar select, .top select, .top button, .top input")];
  const focused = controls().indexOf(document.activeElement);
  root.querySelector(".bar").replaceWith(bar(page.listing, view, page.state, actions));
  root.querySelector(".top").replaceWith(top(view, actions, api.frozen));
  controls()[focused]?.focus();
}

function build(view) {
  page.panels.forEach((panel) => panel.drawn?.destroy?.());
  page.panels = new Map();
  page.events = [];
  const inHead = document.activeElement?.closest?.("[data-variable]")?.dataset.variable;
  const sections = view.sections.map(section);
  const empty = sections.length ? [] : [h("p", { class: "nothing" }, "This dashboard has no panels.")];
  root.replaceChildren(
    h("a", { class: "skip", href: "#main" }, "Skip to the panels"),
    bar(page.listing, view, page.state, actions),
    h("main", { id: "main", tabindex: -1 }, top(view, actions, api.frozen), sections, empty),
    foot(view), news);
  if (inHead) root.querySelector(`[data-variable="${CSS.escape(inHead)}"]`)?.querySelector("select, button, input")?.focus();
  arrange();
}

function foot(view) {
  const { source, taken } = page.listing;
  const words = taken ? `Snapshot of ${source}, taken ${taken}.` : `Data of ${source}, times of this machine.`;
  return h("footer", {}, h("p", {}, words), h("p", { class: "updated" }, taken ? "" : `Updated ${clock(view.time.end)}`));
}

function section({ title, collapsed, panels }) {
  const grid = h("div", { class: "grid", id: id("grid") });
  for (const described of panels) {
    const panel = new Panel(described, context);
    page.panels.set(described.key, panel);
    grid.append(panel.element);
  }
  if (!title) return h("section", {}, grid);
  grid.hidden = collapsed;
  const button = h("button", { type: "button", class: "fold", "aria-expanded": String(!collapsed), "aria-controls": grid.id }, h("span", { class: "icon fold-mark", "aria-hidden": "true" }), title);
  button.addEventListener("click", () => {
    grid.hidden = !grid.hidden;
    button.setAttribute("aria-expanded", String(!grid.hidden));
  });
  const heading = h("h2", { id: id("section") }, button);
  return h("section", { "aria-labelledby": heading.id }, heading, grid);
}

/** Put each panel into its place for the width that there is. */
function arrange() {
  const main = root.querySelector("main");
  if (!main || !page.view) return;
  const grids = [...main.querySelectorAll(".grid")];
  page.view.sections.forEach(({ panels }, index) => {
    const found = places(panels, main.clientWidth);
    panels.forEach(({ key }, at) => {
      const [left, above, width, height] = found[at];
      const { style } = page.panels.get(key).element;
      style.gridColumn = `${left + 1} / span ${width}`;
      page.panels.get(key).element.classList.toggle("at-end", left + width === 24);
      style.gridRow = `${above + 1} / span ${height}`;
    });
    grids[index].classList.toggle("narrow", main.clientWidth < 1000);
  });
}

function seen(entries) {
  for (const { target, isIntersecting } of entries) {
    const { key } = target.dataset;
    if (isIntersecting && page.due.has(key)) ask(key);
  }
}

const queue = [];

function ask(key) {
  page.due.delete(key);
  queue.push({ key, view: page.view, signal: page.abort.signal });
  next();
}

function next() {
  while (page.running < AT_ONCE && queue.length) {
    page.running += 1;
    fetched(queue.shift()).finally(() => {
      page.running -= 1;
      next();
      if (!page.running && !queue.length) settled();
    });
  }
}

async function fetched({ key, view, signal }) {
  const panel = page.panels.get(key);
  if (view !== page.view || !panel) return;
  panel.element.classList.add("busy");
  try {
    const answer = panel.described.type === "text" ? {} : await api.panel(view.token, key, signal);
    if (view === page.view) panel.show(answer);
  } catch (error) {
    if (view === page.view && error.name !== "AbortError") panel.fail(error.message);
  } finally {
    if (view === page.view) panel.element.classList.remove("busy");
  }
}

function settled() {
  root.dataset.state = "ready";
  const failed = [...page.panels.values()].filter((panel) => panel.element.dataset.state === "error").length;
  news.textContent = `${page.view.title}: updated${failed ? `, ${failed} panels with errors` : ""}.`;
  const updated = root.querySelector(".updated");
  if (updated && !page.listing.taken) updated.textContent = `Updated ${clock(page.view.time.end)}`;
}

/** The whole dashboard cannot be shown. */
function refuse(message) {
  root.dataset.state = "error";
  const box = h("div", { class: "refusal", role: "alert" }, h("strong", {}, "This cannot be shown. "), message, " ", h("button", { type: "button", onclick: () => load() }, "Try again"));
  const old = root.querySelector(".refusal");
  if (old) old.replaceWith(box);
  else if (page.panels.size) root.querySelector("main").prepend(box);
  else root.replaceChildren(h("main", { id: "main" }, h("h1", { class: "unseen" }, "mlmonitor"), box));
  page.shape = "";
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.target === "_blank") return;
  const state = inside(link);
  if (!state?.uid) return;
  event.preventDefault();
  page.state = state;
  history.pushState(null, "", href(state));
  load().then(() => scrollTo(0, 0));
});
addEventListener("popstate", () => {
  page.state = read();
  load();
});
addEventListener("resize", arrange);

follow(actions.theme);
load();
