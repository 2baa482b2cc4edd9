// The page in a frame: draws curves, plots, samples, single values or parallel coordinates of tasks or models, and keeps them up.
import { call } from "./api.js";
import { LineChart, seriesColour } from "./chart.js";
import { axisValues, distinct } from "./curves.js";
import { data, empty, find, h, icon } from "./dom.js";
import { fileKind, fileLink } from "./files.js";
import { number, series } from "./format.js";
import { parallel } from "./hyperplots.js";
import { poll } from "./live.js";
import { drawPlot } from "./plot.js";

const asked = data("widget-data");
const root = find("#widget");
const many = asked.objects.length > 1;
const metrics = asked.metrics.map((metric) => ({ metric, variants: asked.variants }));
const KEYS = { iter: "iter", timestamp: "timestamp", iso_time: "timestamp" };
const AXES = { iter: "iter", timestamp: "relative", iso_time: "time" };
let names = new Map();
let chart;

const nameOf = (id) => names.get(id) ?? id;
const label = (...parts) => parts.filter(Boolean).join(" / ");
const say = (title, text) => root.replaceChildren(empty(title, text));

async function read(part) {
  const reply = await call("reports.get_task_data", { id: asked.objects, model_events: asked.object_type === "model", search_hidden: true, only_fields: ["name", "project.name", ...(asked.object_type === "model" ? [] : ["status"]), ...(part.fields ?? [])], ...part.wanted }, { quiet: true });
  names = new Map(reply.tasks.map(({ id, name }) => [id, name]));
  return reply;
}

// ---- what is drawn -------------------------------------------------------------------------------------------------------

function curve(id, metric, variant, { x, y }) {
  const name = many ? (asked.metrics.length + asked.variants.length > 2 ? label(nameOf(id), metric, variant) : label(nameOf(id), asked.variants.length === 1 ? "" : variant)) : label(asked.metrics.length > 1 && metric, variant);
  return { name: many ? `${id}/${metric}/${variant}` : variant, label: name, x: axisValues(x, AXES[asked.xaxis]), y };
}

async function scalars() {
  const reply = await read({ wanted: { scalar_metrics_iter_histogram: { metrics, key: KEYS[asked.xaxis] ?? "iter", samples: 1000 } } });
  const found = Object.entries(reply.scalar_metrics_iter_histogram ?? {}).flatMap(([metric, variants]) => Object.entries(variants).flatMap(([variant, tasks]) => Object.entries(tasks).map(([id, values]) => curve(id, metric, variant, values))));
  if (!found.length) return say("No scalar yet", "The curve appears when the task reports it.");
  const lines = distinct(found);
  if (!chart) {
    const box = h("div", { class: "chart-box fill-chart" });
    root.replaceChildren(box, h("div", { class: "legend", tabindex: "0", role: "group", "aria-label": "Legend" }));
    chart = new LineChart(box, { title: document.title, zoom: () => undefined });
  }
  find(".legend", root).replaceChildren(...lines.map((line) => h("span", { class: "row" }, h("span", { class: "swatch", style: { background: line.colour } }), h("span", { class: "clip", title: line.label, text: line.label }), h("b", { text: number(line.y.at(-1)) }))));
  // after the legend, which takes its height from the chart
  await chart.update(lines, { axis: AXES[asked.xaxis] ?? "iter" });
  return undefined;
}

function events(plots) {
  return Object.values(plots ?? {}).flatMap((variants) => Object.values(variants).flatMap((tasks) => Object.entries(tasks).flatMap(([id, iterations]) => Object.values(iterations).flatMap(({ plots: found }) => (found ?? []).map((event) => ({ ...event, task: event.task ?? id }))))));
}

async function plots() {
  const found = events((await read({ wanted: { plots: { iters: 1, metrics } } })).plots);
  if (!found.length) return say("No plot yet", "The plot appears when the task reports it.");
  const key = JSON.stringify(found.map(({ task, metric, variant, iter, timestamp }) => [task, metric, variant, iter, timestamp]));
  if (root.dataset.shown === key) return undefined;
  root.dataset.shown = key;
  const boxes = found.map((event) => ({ event, box: h("div", { class: "plot-box", role: "img", "aria-label": label(event.metric, event.variant) }) }));
  root.replaceChildren(...boxes.map(({ event, box }) => h("figure", { class: "widget-part" }, (many || found.length > 1) && h("figcaption", { class: "small muted clip", text: label(many && nameOf(event.task), event.variant) }), box)));
  for (const { event, box } of boxes) await drawPlot(box, event);
  return undefined;
}

function media(event) {
  const link = fileLink(event.url);
  const name = label(event.metric, event.variant, `iteration ${event.iter}`);
  const kind = fileKind(event.url);
  if (!link || !["image", "video", "audio"].includes(kind)) return h("a", { class: "sample-file", href: link || undefined, target: "_blank", rel: "noopener" }, icon("report"), h("span", { class: "small clip", text: event.url.split("/").pop() }));
  if (kind === "image") return h("img", { src: link, alt: name });
  return h(kind, { src: link, controls: true, preload: "metadata", "aria-label": name });
}

async function samples() {
  const reply = await read({ wanted: { debug_images: { iters: 1, metrics } } });
  const found = (reply.debug_images ?? []).flatMap(({ task, iterations }) => (iterations ?? []).slice(0, 1).flatMap(({ events: shown }) => shown.map((event) => ({ ...event, task }))));
  if (!found.length) return say("No sample yet", "The sample appears when the task reports it.");
  const key = JSON.stringify(found.map(({ url }) => url));
  if (root.dataset.shown === key) return undefined;
  root.dataset.shown = key;
  return root.replaceChildren(h("div", { class: "widget-samples" }, found.map((event) => h("figure", {}, media(event), h("figcaption", { class: "small muted", text: label(many && nameOf(event.task), event.variant, `iteration ${event.iter}`) })))));
}

async function singles() {
  const { single_value_metrics: found = [] } = await read({ wanted: { single_value_metrics: {} } });
  const wanted = new Set([...asked.variants]);
  const values = found.map(({ task, values: all }) => ({ task, values: all.filter(({ metric, variant }) => !wanted.size || wanted.has(variant) || asked.metrics.includes(metric)) }));
  const heads = [...new Set(values.flatMap(({ values: all }) => all.map(({ variant }) => variant)))];
  if (!heads.length) return say("No value yet", "Single values appear when the task reports them.");
  const table = h("table", { class: "plainrows" }, h("thead", {}, h("tr", {}, h("th", { scope: "col", text: asked.object_type === "model" ? "Model" : "Task" }), heads.map((text) => h("th", { scope: "col", class: "num", text })))),
    h("tbody", {}, values.map(({ task, values: all }) => h("tr", {}, h("td", {}, h("span", { class: "clip", text: nameOf(task) })), heads.map((head) => h("td", { class: "num", text: number(all.find(({ variant }) => variant === head)?.value) }))))));
  return root.replaceChildren(h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Values" }, table));
}

// a metric is "metric/variant", or hashes as the official application writes them ("hash.hash.value")
function metricValue(last, wanted) {
  const [one, two, field = "value"] = wanted.replace(/^last_metrics\./, "").split(".");
  const direct = last?.[one]?.[two];
  const item = direct ?? Object.values(last ?? {}).flatMap((variants) => Object.values(variants)).find(({ metric, variant }) => `${metric}/${variant}` === wanted || metric === wanted);
  return item && { name: `${item.metric} / ${item.variant}`, value: item[direct ? field : "value"] ?? item.value };
}

function parameter(sections, wanted) {
  const [section, ...rest] = wanted.replace(/^hyperparams\./, "").replace(/\.value$/, "").split(/[./]/);
  return sections?.[section]?.[rest.join(".")]?.value;
}

async function coordinates() {
  const { tasks } = await read({ fields: ["last_metrics", "last_iteration", "hyperparams"], wanted: {} });
  const rows = tasks.map((task) => ({
    id: task.id, name: task.name, colour: seriesColour(task.id, series(task.id)), metrics: Object.fromEntries(asked.metrics.map((name) => metricValue(task.last_metrics, name)).filter(Boolean).map(({ name, value }) => [name, value])),
    parameters: Object.fromEntries(asked.variants.map((name) => [name.replace(/^hyperparams\./, "").replace(/\.value$/, ""), parameter(task.hyperparams, name)]).filter(([, value]) => value !== undefined)),
  }));
  root.replaceChildren(parallel(rows));
}

const DRAW = { scalar: scalars, plot: plots, sample: samples, single: singles, parcoords: coordinates };

async function draw() {
  try {
    await DRAW[asked.type]();
  } catch (error) {
    if (error.code === 401) return say("Log in to see this plot", "Your session has ended.");
    if (error.code === 403) return say("You may not see this plot", "Its task belongs to others.");
    if (!root.children.length) say("This plot can't be shown", error.message);
    throw error;
  } finally {
    root.setAttribute("aria-busy", "false");
  }
  if (!names.size) return say("There is nothing to show", "The tasks are gone, or you may not see them.");
  return undefined;
}

// the page around the frame may change the theme
addEventListener("storage", ({ key, newValue }) => {
  const { documentElement: page } = document;
  if (key !== "trackyard.theme" || page.dataset.fixedTheme) return;
  if (newValue === "light" || newValue === "dark") page.dataset.theme = newValue;
  else delete page.dataset.theme;
  document.dispatchEvent(new CustomEvent("trackyard:theme"));
});
document.addEventListener("trackyard:theme", () => { delete root.dataset.shown; if (asked.type === "plot") draw(); });

await draw().catch(() => undefined);
if (asked.type !== "parcoords") poll(draw, 15000);
