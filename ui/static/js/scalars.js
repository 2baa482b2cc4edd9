// The scalars of a task or a model: curves by metric or their values as a table, single values, live while the task runs.
import { get, list, put } from "./address.js";
import { call, preferences, remember } from "./api.js";
import { chartTools, readState } from "./chart_tools.js";
import { axisValues, cardGrid, distinct, metricTree } from "./curves.js";
import { csv, data, empty, find, h, icon, save } from "./dom.js";
import { number } from "./format.js";
import { poll } from "./live.js";
import { toast } from "./toast.js";

const page = data("page-data");
const events = page.model ? { model_events: true } : {};
const state = readState();
const hidden = new Set(list("hide"));
const KEYS = { iter: "iter", time: "timestamp", relative: "timestamp" };
let curves = {};
let known = [];

const drawGrid = cardGrid(find("#chart-grid"), { zoom, embed, items });
const drawTree = metricTree(find("#metric-tree"), hidden, () => { put({ hide: [...hidden] }); draw(); });

const line = (variant, { x, y }, origin) => ({ name: variant, label: variant, x: axisValues(x, state.axis, origin), y });
const options = () => ({ axis: state.axis, smoothing: state.smoothing, strength: state.strength, logX: state.logX && state.axis !== "time", logY: state.logY, outliers: state.outliers });
// the monitor of the machine comes last
const names = () => Object.keys(curves).sort((left, right) => left.startsWith(":monitor") - right.startsWith(":monitor") || left.localeCompare(right));

function charts() {
  return names().filter((metric) => !hidden.has(metric)).flatMap((metric) => {
    // colours are given before anything is hidden, so that they stay
    const lines = distinct(Object.entries(curves[metric]).map(([variant, values]) => line(variant, values))).filter(({ name }) => !hidden.has(`${metric}/${name}`));
    return state.group === "metric" ? [{ title: metric, metric, lines }] : lines.map((item) => ({ title: `${metric} / ${item.label}`, metric, lines: [item] }));
  }).filter(({ lines }) => lines.length);
}

function draw() {
  drawTree(names().map((metric) => ({ metric, variants: Object.keys(curves[metric]).sort() })));
  find("#charts > .empty")?.remove();
  const table = get("view") === "values";
  find("#chart-grid").hidden = table;
  find("#value-table").hidden = !table;
  if (!Object.keys(curves).length) find("#charts").append(empty("No scalar yet", page.model ? "Report one with output_model.report_scalar(title, series, value, iteration)." : "Report one with task.get_logger().report_scalar(title, series, value, iteration)."));
  if (table) drawTable();
  else drawGrid(charts(), options(), state.columns);
}

const COLUMNS = [["First", "first_value"], ["Last", "value"], ["Min", "min_value"], ["Max", "max_value"], ["Mean", "mean_value"], ["Points", "count"]];
// the stored mean is rounded: that of the curve as it is drawn says more
const meanOf = ({ metric, variant, mean_value: stored }) => { const y = (curves[metric]?.[variant]?.y ?? []).filter(Number.isFinite); return y.length ? y.reduce((sum, value) => sum + value, 0) / y.length : stored; };

function drawTable() {
  const rows = known.filter(({ metric, variant }) => !hidden.has(metric) && !hidden.has(`${metric}/${variant}`)).map((row) => ({ ...row, mean_value: meanOf(row) }));
  const download = () => save(`${page.name} values.csv`, csv([["metric", "variant", ...COLUMNS.map(([title]) => title)], ...rows.map((row) => [row.metric, row.variant, ...COLUMNS.map(([, key]) => row[key])])]), "text/csv");
  find("#value-table").replaceChildren(h("div", { class: "row padded-row" }, h("span", { class: "grow" }), h("button", { class: "btn ghost", type: "button", onclick: download }, icon("download"), "CSV")),
    h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Values" }, h("table", { class: "values" }, h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "Metric" }), h("th", { scope: "col", text: "Variant" }), COLUMNS.map(([title]) => h("th", { scope: "col", class: "num", text: title })))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("td", { class: "wrap", text: row.metric }), h("td", { class: "wrap", text: row.variant }), COLUMNS.map(([, key]) => h("td", { class: "num", text: number(row[key]) }))))))));
}

/** The first moment of a metric, from which relative time counts. */
const originOf = (metric) => Math.min(...Object.values(curves[metric] ?? {}).map(({ x }) => x[0]));

async function zoom(card, from, to) {
  if (from === null) { queueMicrotask(draw); return null; }
  const { metric } = card;
  const origin = originOf(metric);
  const range = state.axis === "relative" ? [origin + from * 1000, origin + to * 1000] : [from, to];
  const reply = await call("events.scalar_metrics_iter_histogram", { task: page.task, ...events, key: KEYS[state.axis], samples: 2000, metrics: [{ metric }], x_range: range }, { quiet: true });
  const kept = new Map(card.lines.map((item) => [item.name, item]));
  return Object.entries(reply[metric] ?? {}).filter(([variant]) => kept.has(variant)).map(([variant, values]) => ({ ...kept.get(variant), ...line(variant, values, curves[metric]?.[variant]?.x[0]) }));
}

const PIN = "\u001f";

/** Puts a metric first on overviews and in small views, or no longer. */
async function pin({ metric, lines }) {
  const name = [metric, lines.length === 1 ? lines[0].name : ""].join(PIN);
  const pins = (await preferences()).pins ?? [];
  const on = !pins.includes(name);
  await remember({ pins: on ? [name, ...pins].slice(0, 12) : pins.filter((other) => other !== name) });
  toast(on ? "Pinned: it stands first on overviews" : "No longer pinned", { kind: "done" });
}

function embed({ metric, lines }) {
  const variants = lines.map(({ name }) => name);
  const all = variants.length === Object.keys(curves[metric] ?? {}).length;
  return { type: "scalar", objectType: page.model ? "model" : "task", objects: [page.task], metrics: [metric], variants: all ? [] : variants, xaxis: { iter: "iter", relative: "timestamp", time: "iso_time" }[state.axis] };
}

function items(card) {
  return [
    { label: "Pin to overviews, or unpin", icon: "pin", run: () => pin(card) },
    { label: "Colours…", icon: "sliders", run: () => colours(card) },
  ];
}

async function colours(card) {
  const [{ show }, { paint, seriesColour }] = await Promise.all([import("./dialog.js"), import("./chart.js")]);
  const probe = document.createElement("canvas").getContext("2d");
  const hex = (colour) => { probe.fillStyle = colour; return probe.fillStyle; };
  show({ title: `Colours of ${card.title}`, content: h("div", { class: "stack" }, card.lines.map(({ name, colour }) => h("label", { class: "row" }, h("input", { type: "color", value: hex(colour ?? seriesColour(name)), onchange: (event) => { paint(name, event.target.value); draw(); } }), h("span", { class: "grow clip", text: name }), h("button", { class: "btn tiny", type: "button", text: "Usual", onclick: () => { paint(name, null); draw(); } })))) });
}

async function load() {
  curves = await call("events.scalar_metrics_iter_histogram", { task: page.task, ...events, key: KEYS[state.axis], samples: 1000 }, { quiet: true });
  draw();
}

async function values() {
  const kind = page.model ? "models" : "tasks";
  const reply = await call(`${kind}.get_all_ex`, { id: [page.task], search_hidden: true, only_fields: ["last_metrics"] }, { quiet: true });
  known = Object.values(reply[kind]?.[0]?.last_metrics ?? {}).flatMap((variants) => Object.values(variants)).filter(({ metric }) => metric).sort((left, right) => left.metric.localeCompare(right.metric) || left.variant.localeCompare(right.variant));
  if (get("view") === "values") drawTable();
}

async function singles() {
  const { tasks } = await call("events.get_task_single_value_metrics", { tasks: [page.task], ...events }, { quiet: true });
  const found = tasks?.[0]?.values ?? [];
  find("#single-values")?.remove();
  if (found.length) find("#chart-grid").before(h("div", { class: "tiles padded", id: "single-values" }, found.map(({ variant, value }) => h("div", { class: "tile" }, h("span", { class: "muted small clip", title: variant, text: variant }), h("b", { text: number(value) })))));
}

const all = () => Promise.all([load(), singles(), values()]);
const view = h("button", { class: "btn ghost", type: "button", "aria-pressed": String(get("view") === "values"), text: "Values", title: "First, last, least, greatest and mean value of each curve", onclick: () => { put({ view: get("view") === "values" ? null : "values" }); view.setAttribute("aria-pressed", String(get("view") === "values")); draw(); } });
chartTools(find("#chart-tools"), state, (_, key) => (key === "axis" ? load() : draw()), { extra: [view] });
find("#chart-grid").after(h("div", { id: "value-table", hidden: true }));
await all().catch(() => undefined);
const live = () => page.model || ["in_progress", "queued", "created"].includes(find("#task-data")?.dataset.status);
poll(async () => { if (live()) await all(); }, page.model ? 15000 : 3000);
