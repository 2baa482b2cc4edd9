// The scalars of a task: curves by metric, single values, live while the task runs.
import { call } from "./api.js";
import { chartTools, readState } from "./chart_tools.js";
import { axisValues, cardGrid, distinct, metricTree } from "./curves.js";
import { data, empty, find, h } from "./dom.js";
import { number } from "./format.js";
import { poll } from "./live.js";
import { current } from "./task.js";

const page = data("page-data");
const state = readState();
const hidden = new Set(new URLSearchParams(location.search).getAll("hide"));
const KEYS = { iter: "iter", time: "timestamp", relative: "timestamp" };
let curves = {};

const drawGrid = cardGrid(find("#chart-grid"), { zoom, embed });
const drawTree = metricTree(find("#metric-tree"), hidden, () => { keepHidden(); draw(); });

function keepHidden() {
  const params = new URLSearchParams(location.search);
  params.delete("hide");
  for (const name of hidden) params.append("hide", name);
  history.replaceState(null, "", `${location.pathname}${params.size ? `?${params}` : ""}`);
}

const line = (variant, { x, y }) => ({ name: variant, label: variant, x: axisValues(x, state.axis), y });
const options = () => ({ axis: state.axis, smoothing: state.smoothing, strength: state.strength, logX: state.logX && state.axis !== "time", logY: state.logY, outliers: state.outliers });
// the monitor of the machine comes last
const names = () => Object.keys(curves).sort((left, right) => left.startsWith(":monitor") - right.startsWith(":monitor") || left.localeCompare(right));

function charts() {
  return names().filter((metric) => !hidden.has(metric)).flatMap((metric) => {
    // colours are given before anything is hidden, so that they stay
    const lines = distinct(Object.entries(curves[metric]).map(([variant, values]) => line(variant, values))).filter(({ name }) => !hidden.has(`${metric}/${name}`));
    return state.group === "metric" ? [{ title: metric, lines }] : lines.map((item) => ({ title: `${metric} / ${item.label}`, lines: [item] }));
  }).filter(({ lines }) => lines.length);
}

function draw() {
  drawTree(names().map((metric) => ({ metric, variants: Object.keys(curves[metric]).sort() })));
  find("#charts > .empty")?.remove();
  if (!Object.keys(curves).length) find("#charts").append(empty("No scalar yet", "Report one with task.get_logger().report_scalar(title, series, value, iteration)."));
  drawGrid(charts(), options(), state.columns);
}

const metricOf = (card) => (curves[card.title] ? card.title : Object.keys(curves).find((metric) => card.title === `${metric} / ${card.lines[0]?.name}`) ?? card.title);

function embed(card) {
  const metric = metricOf(card);
  const variants = card.lines.map(({ name }) => name);
  const all = variants.length === Object.keys(curves[metric] ?? {}).length;
  return { type: "scalar", objects: [page.task], metrics: [metric], variants: all ? [] : variants, xaxis: { iter: "iter", relative: "timestamp", time: "iso_time" }[state.axis] };
}

async function zoom(card, from, to) {
  const metric = card.title.split(" / ")[0];
  if (from === null || state.axis === "relative") { queueMicrotask(draw); return null; }
  const name = curves[card.title] ? card.title : metric;
  const reply = await call("events.scalar_metrics_iter_histogram", { task: page.task, key: KEYS[state.axis], samples: 2000, metrics: [{ metric: name }], x_range: [from, to] }, { quiet: true });
  const kept = new Set(card.lines.map(({ name: variant }) => variant));
  return Object.entries(reply[name] ?? {}).filter(([variant]) => kept.has(variant)).map(([variant, values]) => line(variant, values));
}

async function load() {
  curves = await call("events.scalar_metrics_iter_histogram", { task: page.task, key: KEYS[state.axis], samples: 1000 }, { quiet: true });
  draw();
}

async function singles() {
  const { tasks } = await call("events.get_task_single_value_metrics", { tasks: [page.task] }, { quiet: true });
  const values = tasks?.[0]?.values ?? [];
  find("#single-values")?.remove();
  if (values.length) find("#chart-grid").before(h("div", { class: "tiles padded", id: "single-values" }, values.map(({ variant, value }) => h("div", { class: "tile" }, h("span", { class: "muted small clip", title: variant, text: variant }), h("b", { text: number(value) })))));
}

chartTools(find("#chart-tools"), state, (_, key) => (key === "axis" ? load() : draw()));
await Promise.all([load(), singles()]).catch(() => undefined);
poll(async () => { if (["in_progress", "queued", "created"].includes(current().status)) await Promise.all([load(), singles()]); }, 3000);
