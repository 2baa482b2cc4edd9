// A grid of charts that are drawn only when in view, with a tree of metrics beside it. Used for one task and for a comparison.
import { LineChart, seriesColour } from "./chart.js";
import { csv, h, icon, save } from "./dom.js";
import { embedItem } from "./embed.js";
import { number, series } from "./format.js";
import { openMenu } from "./menu.js";

const DRAWN = new IntersectionObserver((entries) => { for (const { target, isIntersecting } of entries) target.card.seen(isIntersecting); }, { rootMargin: "300px" });

/**
 * One chart with its title and menu. `zoom(card, from, to)` is awaited for more detail; `embed(card)` tells what a frame
 * of this chart asks for (see embed.js); `items(card)` are more items of its menu. All may be missing.
 */
class ChartCard {
  constructor({ title, key = title, metric = title.split(" / ")[0], mark = null }, { zoom, embed, items = () => [] } = {}) {
    Object.assign(this, { title, key, metric, embed, items });
    this.lines = [];
    this.visible = false;
    this.values = h("span", { class: "muted small nowrap" });
    this.box = h("div", { class: "chart-box" });
    this.node = h("figure", { class: "card", data: { title } }, h("figcaption", { class: "row" }, mark, h("span", { class: "strong clip grow", title, text: title }), this.values,
      h("button", { class: "btn ghost tiny square", type: "button", "aria-label": `Enlarge ${title}`, onclick: () => this.enlarge() }, icon("expand", "small")),
      h("button", { class: "btn ghost tiny square", type: "button", "aria-haspopup": "menu", "aria-label": `Actions on ${title}`, onclick: (event) => this.menu(event.currentTarget) }, icon("dots"))), this.box);
    this.zoom = zoom;
    this.node.card = this;
    DRAWN.observe(this.node);
  }

  seen(visible) {
    this.visible = visible;
    if (visible && this.stale) this.draw();
  }

  /** Sets the lines; they are drawn when the card is in view. */
  update(lines, options) {
    Object.assign(this, { lines, options, stale: true });
    if (this.visible) this.draw();
  }

  draw() {
    this.stale = false;
    this.chart ??= new LineChart(this.box, { title: this.title, zoom: (from, to) => this.zoomed(from, to) });
    const last = this.lines.length === 1 ? this.lines[0].y.at(-1) : undefined;
    this.values.textContent = last === undefined ? "" : number(last);
    return this.chart.update(this.lines, this.options);
  }

  async zoomed(from, to) {
    if (!this.zoom) return;
    if (from === null) this.detail = null;
    else this.detail = [from, to];
    const lines = await this.zoom(this, from, to);
    if (lines) this.update(lines, this.options);
  }

  menu(anchor) {
    const image = (format) => window.Plotly?.downloadImage(this.chart.plot, { format, filename: this.title.replaceAll("/", "-"), width: 1200, height: 600 });
    openMenu(anchor, [
      ...(this.chart?.range ? [{ label: "Show the whole range", icon: "reset", run: () => this.chart.whole() }] : []),
      { label: "Enlarge", icon: "expand", run: () => this.enlarge() },
      { label: "Download as PNG", icon: "image", run: () => image("png") }, { label: "Download as SVG", icon: "image", run: () => image("svg") },
      { label: "Download the data as CSV", icon: "download", run: () => save(`${this.title}.csv`, csv([["series", "x", "y"], ...this.lines.flatMap(({ label, x, y }) => x.map((value, index) => [label, value, y[index]]))]), "text/csv") },
      { label: "Download the data as JSON", icon: "download", run: () => save(`${this.title}.json`, JSON.stringify(this.lines.map(({ label, name, x, y }) => ({ name: label ?? name, x, y }))), "application/json") },
      ...this.items(this), ...(this.embed ? [embedItem(() => this.embed(this))] : []),
      { label: "Copy a link", icon: "link", run: () => navigator.clipboard.writeText(`${location.href.split("#")[0]}#${encodeURIComponent(this.title)}`) },
    ]);
  }

  async enlarge() {
    const { show } = await import("./dialog.js");
    const box = h("div", { class: "chart-box fill-chart" });
    const chart = new LineChart(box, { title: this.title, sync: false, zoom: async (from, to) => { const lines = await this.zoom?.(this, from, to); if (lines) chart.update(lines); } });
    const table = h("table", { class: "plainrows" }, h("thead", {}, h("tr", {}, ["Series", "Last", "Min", "Max", "Mean", "Points"].map((text) => h("th", { scope: "col", class: text === "Series" ? "" : "num", text })))),
      h("tbody", {}, this.lines.map(({ label, name, y }) => h("tr", {}, h("td", { text: label ?? name }), [y.at(-1), Math.min(...y), Math.max(...y), y.reduce((sum, value) => sum + value, 0) / y.length, y.length].map((value) => h("td", { class: "num", text: number(value) }))))));
    const dialog = show({ title: this.title, kind: "full", content: h("div", { class: "enlarged" }, box, h("div", { class: "table-wrap" }, table)) });
    dialog.addEventListener("close", () => chart.remove());
    await chart.update(this.lines, this.options);
  }

  remove() {
    DRAWN.unobserve(this.node);
    this.chart?.remove();
    this.node.remove();
  }
}

/** Gives lines of one chart colours of their own: each has that of its name, or the next that is free. */
export function distinct(lines) {
  const taken = new Set();
  return lines.map((line) => {
    let at = series(line.name);
    for (let step = 0; step < 10 && taken.has(at); step += 1) at = (at + 3) % 10;
    taken.add(at);
    return { ...line, colour: seriesColour(line.name, at) };
  });
}

/** The x values of a histogram reply for one axis: "relative" counts seconds from `origin` (ms), by default the first point. */
export function axisValues(x, axis, origin = x[0]) {
  if (axis !== "relative" || !x.length) return x;
  return x.map((value) => (value - origin) / 1000);
}

/** Keeps one card for each key (or title) in `root`, in order; returns a function that takes [{title, lines, key?, metric?, yRange?}] and options. */
export function cardGrid(root, settings) {
  const cards = new Map();
  return (charts, options, columns = 0) => {
    root.dataset.columns = String(columns);
    const wanted = new Set(charts.map(({ title, key = title }) => key));
    for (const [key, card] of cards) if (!wanted.has(key)) { card.remove(); cards.delete(key); }
    charts.forEach((chart, index) => {
      const { key = chart.title, lines, yRange } = chart;
      if (!cards.has(key)) cards.set(key, new ChartCard(chart, settings));
      const card = cards.get(key);
      if (root.children[index] !== card.node) root.insertBefore(card.node, root.children[index] ?? null);
      if (!card.detail) card.update(lines, { ...options, yRange });
    });
  };
}

/** A tree of metrics with a search field and eyes. `hidden` is a set of names ("metric" or "metric/variant"). */
export function metricTree(root, hidden, changed) {
  const search = h("input", { type: "search", placeholder: "Find a metric", "aria-label": "Find a metric", oninput: filter });
  const list = h("ul", { class: "metric-list" });
  root.replaceChildren(h("div", { class: "find block" }, icon("search"), search), list);
  function filter() {
    for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(search.value.toLowerCase());
  }
  function flip(name) {
    if (hidden.has(name)) hidden.delete(name);
    else hidden.add(name);
    changed();
  }
  return (groups) => {
    list.replaceChildren(...groups.map(({ metric, variants }) => h("li", {}, toggle(metric, metric, hidden, flip), variants.length > 1 && h("ul", {}, variants.map((variant) => h("li", {}, toggle(`${metric}/${variant}`, variant, hidden, flip)))))));
    filter();
  };
}

function toggle(name, text, hidden, flip) {
  const off = hidden.has(name);
  return h("button", { class: "metric", type: "button", "aria-pressed": String(!off), title: off ? `Show ${text}` : `Hide ${text}`, onclick: () => flip(name) }, icon(off ? "eye-off" : "eye", "small"), h("span", { class: "clip", text }));
}
