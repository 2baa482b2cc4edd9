// The plots of a task: figures by metric and variant, with a slider over their iterations.
import { call } from "./api.js";
import { metricTree } from "./curves.js";
import { data, empty, find, h, icon, save } from "./dom.js";
import { embedItem } from "./embed.js";
import { poll } from "./live.js";
import { openMenu } from "./menu.js";
import { drawPlot } from "./plot.js";
import { current } from "./task.js";

const page = data("page-data");
const hidden = new Set();
const cards = new Map();
let plots = [];

const DRAWN = new IntersectionObserver((entries) => { for (const { target, isIntersecting } of entries) if (isIntersecting) target.card.draw(); }, { rootMargin: "400px" });
const drawTree = metricTree(find("#plot-tree"), hidden, draw);

class PlotCard {
  constructor(event) {
    this.title = event.metric === event.variant || !event.variant ? event.metric : `${event.metric} / ${event.variant}`;
    this.place = h("span", { class: "muted small nowrap" });
    this.slider = h("input", { type: "range", step: "1", "aria-label": `Iteration of ${this.title}`, hidden: true, onchange: () => this.browse(Number(this.slider.value)) });
    this.box = h("div", { class: "plot-box", role: "img", "aria-label": this.title });
    this.node = h("figure", { class: "card" }, h("figcaption", { class: "row" }, h("span", { class: "strong clip grow", title: this.title, text: this.title }), this.slider, this.place,
      h("button", { class: "btn ghost tiny square", type: "button", "aria-haspopup": "menu", "aria-label": `Actions on ${this.title}`, onclick: (click) => this.menu(click.currentTarget) }, icon("dots"))), this.box);
    this.node.card = this;
    DRAWN.observe(this.node);
  }

  set(event) {
    if (this.event && this.event.iter === event.iter && this.event.timestamp === event.timestamp) return;
    this.event = event;
    this.stale = true;
    this.place.textContent = `iteration ${event.iter ?? 0}`;
    if (this.node.isConnected && this.node.getBoundingClientRect().top < innerHeight + 400) this.draw();
  }

  async draw() {
    if (!this.stale) return;
    this.stale = false;
    await drawPlot(this.box, this.event);
    if (!this.known) this.iterations();
  }

  async iterations() {
    this.known = true;
    const reply = await call("events.get_plot_sample", { task: page.task, metric: this.event.metric, variant: this.event.variant, iteration: this.event.iter }, { quiet: true }).catch(() => ({}));
    if (!(reply.max_iteration > reply.min_iteration)) return;
    Object.assign(this.slider, { min: String(reply.min_iteration), max: String(reply.max_iteration), value: String(this.event.iter), hidden: false });
  }

  async browse(iteration) {
    const reply = await call("events.get_plot_sample", { task: page.task, metric: this.event.metric, variant: this.event.variant, iteration }, { quiet: true }).catch(() => ({}));
    const found = reply.event ?? reply.events?.find(({ variant }) => variant === this.event.variant) ?? reply.events?.[0];
    if (found) this.set(found);
  }

  menu(anchor) {
    const image = (format) => window.Plotly?.downloadImage(this.box, { format, filename: this.title.replaceAll("/", "-"), width: 1200, height: 700 });
    openMenu(anchor, [{ label: "Download as PNG", icon: "image", run: () => image("png") }, { label: "Download as SVG", icon: "image", run: () => image("svg") }, { label: "Download the figure as JSON", icon: "download", run: () => save(`${this.title}.json`, this.event.plot_str, "application/json") },
      embedItem(() => ({ type: "plot", objects: [page.task], metrics: [this.event.metric], variants: [this.event.variant] }))]);
  }
}

function draw() {
  const root = find("#plots");
  const metrics = Map.groupBy(plots, ({ metric }) => metric);
  drawTree([...metrics].sort(([left], [right]) => left.localeCompare(right)).map(([metric, events]) => ({ metric, variants: events.map(({ variant }) => variant).sort() })));
  root.parentElement.querySelector(".empty")?.remove();
  if (!plots.length) root.before(empty("No plot yet", "Report a figure with task.get_logger().report_plotly(…), or show one with matplotlib."));
  for (const event of plots) {
    const key = `${event.metric}\n${event.variant}`;
    if (!cards.has(key)) { cards.set(key, new PlotCard(event)); root.append(cards.get(key).node); }
    cards.get(key).set(event);
    cards.get(key).node.hidden = hidden.has(event.metric) || hidden.has(`${event.metric}/${event.variant}`);
  }
}

async function load() {
  const found = new Map();
  let scroll;
  for (let number = 0; number < 50; number += 1) {
    const reply = await call("events.get_task_plots", { task: page.task, iters: 1, ...(scroll ? { scroll_id: scroll } : {}) }, { quiet: true });
    for (const event of reply.plots ?? []) { const key = `${event.metric}\n${event.variant}`; if (!found.has(key)) found.set(key, event); }
    scroll = reply.scroll_id;
    if (!scroll || !reply.plots?.length || found.size >= reply.total) break;
  }
  plots = [...found.values()].sort((left, right) => left.metric.localeCompare(right.metric) || left.variant.localeCompare(right.variant));
  draw();
}

await load().catch(() => undefined);
poll(async () => { if (current().status === "in_progress") await load(); }, 8000);
document.addEventListener("trackyard:theme", () => { for (const card of cards.values()) { card.stale = true; card.draw(); } });
