// The plots of a task: figures by metric and variant, with a slider over their iterations.
import { call } from "./api.js";
import { metricTree } from "./curves.js";
import { show } from "./dialog.js";
import { data, empty, find, h, icon } from "./dom.js";
import { embedItem } from "./embed.js";
import { poll } from "./live.js";
import { drawPlot } from "./plot.js";
import { plotMenu } from "./plot_menu.js";

const page = data("page-data");
const events = page.model ? { model_events: true } : {};
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
    const reply = await call("events.get_plot_sample", { task: page.task, ...events, metric: this.event.metric, variant: this.event.variant, iteration: this.event.iter }, { quiet: true }).catch(() => ({}));
    if (!(reply.max_iteration > reply.min_iteration)) return;
    Object.assign(this.slider, { min: String(reply.min_iteration), max: String(reply.max_iteration), value: String(this.event.iter), hidden: false });
  }

  async browse(iteration) {
    const found = await this.at(iteration);
    if (found) this.set(found);
  }

  async at(iteration) {
    const reply = await call("events.get_plot_sample", { task: page.task, ...events, metric: this.event.metric, variant: this.event.variant, iteration }, { quiet: true }).catch(() => ({}));
    return reply.event ?? reply.events?.find(({ variant }) => variant === this.event.variant) ?? reply.events?.[0];
  }

  /** The figure in a dialog, where all its iterations can be browsed. */
  async enlarge() {
    const box = h("div", { class: "plot-box fill-chart" });
    const place = h("span", { class: "muted small nowrap" });
    const put = async (event) => { place.textContent = `iteration ${event.iter ?? 0}`; slider.value = String(event.iter ?? 0); await drawPlot(box, event); };
    const at = async (iteration) => { const event = await this.at(iteration); if (event) await put(event); };
    const slider = h("input", { type: "range", step: "1", min: this.slider.min || "0", max: this.slider.max || "0", hidden: this.slider.hidden, "aria-label": "Iteration", onchange: () => at(Number(slider.value)) });
    show({ title: this.title, kind: "full", content: h("div", { class: "enlarged" }, box, h("div", { class: "row" }, slider, place)) });
    await put(this.event);
  }

  menu(anchor) {
    plotMenu(anchor, this.title, this.box, this.event, [{ label: "Enlarge", icon: "expand", run: () => this.enlarge() }, embedItem(() => ({ type: "plot", objectType: page.model ? "model" : "task", objects: [page.task], metrics: [this.event.metric], variants: [this.event.variant] }))]);
  }
}

function draw() {
  const root = find("#plots");
  const metrics = Map.groupBy(plots, ({ metric }) => metric);
  drawTree([...metrics].sort(([left], [right]) => left.localeCompare(right)).map(([metric, events]) => ({ metric, variants: events.map(({ variant }) => variant).sort() })));
  root.parentElement.querySelector(".empty")?.remove();
  if (!plots.length) root.before(empty("No plot yet", page.model ? "Report a figure with output_model.report_table(…) or another report of the model." : "Report a figure with task.get_logger().report_plotly(…), or show one with matplotlib."));
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
    const reply = await call("events.get_task_plots", { task: page.task, ...events, iters: 1, ...(scroll ? { scroll_id: scroll } : {}) }, { quiet: true });
    for (const event of reply.plots ?? []) { const key = `${event.metric}\n${event.variant}`; if (!found.has(key)) found.set(key, event); }
    scroll = reply.scroll_id;
    if (!scroll || !reply.plots?.length || found.size >= reply.total) break;
  }
  plots = [...found.values()].sort((left, right) => left.metric.localeCompare(right.metric) || left.variant.localeCompare(right.variant));
  draw();
}

await load().catch(() => undefined);
poll(async () => { if (find("#task-data")?.dataset.status === "in_progress" || page.model) await load(); }, 8000);
document.addEventListener("trackyard:theme", () => { for (const card of cards.values()) { card.stale = true; card.draw(); } });
