// The comparison of tasks: chips on top, then details, parameters, scalars, values, plots or samples. The address says it all.
import { call, literal } from "./api.js";
import { paint, seriesColour } from "./chart.js";
import { chartTools, readState } from "./chart_tools.js";
import { axisValues, cardGrid, metricTree } from "./curves.js";
import { data, empty, find, h, icon, status, url } from "./dom.js";
import { lowerIsBetter, number, series } from "./format.js";
import { poll } from "./live.js";
import { openMenu } from "./menu.js";

const page = data("page-data");
const hidden = new Set();
const body = find("#compare-body");
const tools = find("#compare-tools");
const side = find("#compare-side");
let redraw = () => undefined;

// a colour belongs to a task; where two tasks would have the same one, the later takes the next that is free
const taken = new Set();
const numbers = new Map(page.tasks.map(({ id }) => {
  let at = series(id);
  for (let step = 0; step < 10 && taken.has(at); step += 1) at = (at + 1) % 10;
  taken.add(at);
  return [id, at];
}));
const colourOf = (id) => seriesColour(id, numbers.get(id));

const shownTasks = () => page.tasks.filter(({ id }) => !hidden.has(id));
const ids = () => page.tasks.map(({ id }) => id);
const go = (list) => location.assign(url(`/compare?ids=${list.join(",")}&tab=${page.tab}`));
const swatch = (task) => h("span", { class: "swatch", style: { background: colourOf(task.id) } });

function chip(task, index) {
  return h("span", { class: `chip ${hidden.has(task.id) ? "off" : ""}`, draggable: "true", ondragstart: (event) => event.dataTransfer.setData("text/plain", String(index)), ondragover: (event) => event.preventDefault(), ondrop: (event) => { event.preventDefault(); reorder(Number(event.dataTransfer.getData("text/plain")), index); } },
    h("label", { class: "swatch-pick", title: "Change the colour" }, swatch(task), h("input", { type: "color", "aria-label": `Colour of ${task.name}`, onchange: (event) => { paint(task.id, event.target.value); chips(); redraw(); } })),
    h("a", { class: "plain clip", href: url(`/tasks/${task.id}`), title: `${task.project?.name ?? ""} / ${task.name}`, text: task.name }),
    h("button", { type: "button", "aria-pressed": String(!hidden.has(task.id)), "aria-label": `Show ${task.name}`, onclick: () => { if (!hidden.delete(task.id)) hidden.add(task.id); chips(); redraw(); } }, icon(hidden.has(task.id) ? "eye-off" : "eye", "small")),
    h("button", { type: "button", "aria-label": `Remove ${task.name}`, onclick: () => go(ids().filter((id) => id !== task.id)) }, icon("close", "small")));
}

function reorder(from, to) {
  const list = ids();
  list.splice(to, 0, ...list.splice(from, 1));
  go(list);
}

async function add(anchor) {
  const menu = openMenu(anchor, [{ heading: "Type to find tasks" }], { search: "Name or id…" });
  const input = find("input", menu);
  input.addEventListener("input", async () => {
    const text = input.value.trim();
    const { tasks } = await call("tasks.get_all_ex", { _any_: { pattern: literal(text), fields: ["id", "name"] }, page: 0, page_size: 12, order_by: ["-last_update"], only_fields: ["name", "status", "project.name"] }, { quiet: true });
    if (input.value.trim() !== text) return;
    menu.replaceChildren(input, ...tasks.filter(({ id }) => !ids().includes(id)).map((task) => h("button", { class: "item", type: "button", onclick: () => go([...ids(), task.id]) }, status(task.status), h("span", { class: "clip", text: task.name }), h("span", { class: "end muted small clip", text: task.project?.name ?? "" }))));
    input.focus();
  });
}

function chips() {
  find("#compared").replaceChildren(...page.tasks.map(chip), h("button", { class: "btn ghost", type: "button", "aria-haspopup": "menu", onclick: (event) => add(event.currentTarget) }, icon("plus"), "Add"));
}

const read = async (...fields) => (await call("tasks.get_all_ex", { id: ids(), search_hidden: true, only_fields: ["name", "status", ...fields], page: 0, page_size: 100 }, { quiet: true })).tasks;
const inOrder = (tasks) => ids().map((id) => tasks.find((task) => task.id === id)).filter((task) => task && !hidden.has(task.id));

/** A table with tasks as columns; rows are {name, values, numbers?}. Equal rows are folded when `fold`. */
function matrix(tasks, groups, { fold = true, mark = false } = {}) {
  const differs = ({ values }) => new Set(values.map((value) => value ?? "")).size > 1;
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "" }, h("span", { class: "sr", text: "Name" })), tasks.map((task) => h("th", { scope: "col" }, h("span", { class: "row" }, swatch(task), h("span", { class: "clip", title: task.name, text: task.name }))))));
  const sections = groups.map(({ title, rows }) => {
    const different = rows.filter(differs);
    const equal = rows.filter((row) => !differs(row));
    const list = (items) => items.map((row) => h("tr", { "data-same": differs(row) ? undefined : "" }, h("th", { scope: "row", class: "wrap", text: row.name }), row.values.map((value) => cell(value, row, mark, title))));
    const more = h("tbody", { hidden: fold }, list(equal));
    const toggle = fold && equal.length > 0 && h("button", { class: "btn ghost tiny", type: "button", "aria-expanded": "false", text: `${equal.length} equal`, onclick: (event) => { more.hidden = !more.hidden; event.currentTarget.setAttribute("aria-expanded", String(!more.hidden)); } });
    return [h("tbody", {}, h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: String(tasks.length + 1) }, h("span", { class: "row" }, title, toggle))), list(different)), more];
  });
  return h("div", { class: "table-wrap" }, h("table", { class: "matrix" }, head, sections));
}

function cell(value, row, mark, title) {
  const numbers = row.values.filter((other) => typeof other === "number");
  const spread = mark && numbers.length > 1 && Math.min(...numbers) !== Math.max(...numbers);
  const [best, worst] = lowerIsBetter(`${title} ${row.name}`) ? [Math.min, Math.max] : [Math.max, Math.min];
  const kind = spread && value === best(...numbers) ? "best" : spread && value === worst(...numbers) ? "worst" : "";
  return h("td", { class: `wrap ${mark ? "num" : "mono"} ${kind}`, title: kind && `The ${kind} value`, text: value === undefined || value === null || value === "" ? "–" : typeof value === "number" ? number(value) : String(value) });
}

function flatten(value, path = "", found = new Map()) {
  if (value && typeof value === "object" && !Array.isArray(value)) for (const [key, item] of Object.entries(value)) flatten(item, path ? `${path} / ${key}` : key, found);
  else if (value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length)) found.set(path, Array.isArray(value) ? value.join(", ") : value);
  return found;
}

function group(tasks, title, pick) {
  const maps = tasks.map((task) => flatten(pick(task)));
  const names = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();
  return { title, rows: names.map((name) => ({ name, values: maps.map((map) => map.get(name)) })) };
}

async function details() {
  const tasks = await read("type", "project.name", "user.name", "parent.name", "started", "completed", "active_duration", "last_iteration", "last_worker", "comment", "tags", "script", "container", "execution.artifacts", "models", "configuration", "runtime");
  redraw = () => {
    const shown = inOrder(tasks);
    const artifacts = ({ execution }) => Object.fromEntries((execution?.artifacts ?? []).map(({ key, type, content_size: size, hash }) => [key, { type, size, hash }]));
    const names = (side_) => ({ models }) => Object.fromEntries((models?.[side_] ?? []).map(({ name, model }) => [name, model?.id ?? model]));
    body.replaceChildren(matrix(shown, [
      group(shown, "Task", ({ id, type, status: state, project, user, parent, started, active_duration: seconds, last_iteration: iteration, last_worker: worker, comment, tags }) => ({ id, type, status: state, project: project?.name, user: user?.name, parent: parent?.name, started, "duration (s)": seconds, iteration, worker, description: comment, tags })),
      group(shown, "Code", ({ script = {} }) => { const { diff, requirements, ...rest } = script; return { ...rest, "uncommitted changes": diff ? `${diff.split("\n").length} lines` : "", packages: Object.fromEntries([requirements?.pip ?? ""].flat().join("\n").split("\n").filter((line) => line && !line.startsWith("#")).map((line) => line.split(/\s*==\s*/))) }; }),
      group(shown, "Container", ({ container }) => container ?? {}), group(shown, "Artifacts", artifacts), group(shown, "Input models", names("input")), group(shown, "Output models", names("output")),
      group(shown, "Configuration", ({ configuration }) => Object.fromEntries(Object.entries(configuration ?? {}).map(([name, { value }]) => [name, value]))), group(shown, "Runtime", ({ runtime }) => Object.fromEntries(Object.entries(runtime ?? {}).filter(([name]) => !name.startsWith("_")))),
    ].filter(({ rows }) => rows.length)));
  };
  redraw();
}

const values = (task) => Object.fromEntries(Object.entries(task.hyperparams ?? {}).flatMap(([section, items]) => Object.entries(items).map(([name, item]) => [`${section}/${name}`, item.value])));
const metrics = (task) => Object.values(task.last_metrics ?? {}).flatMap((variants) => Object.values(variants)).filter(({ metric }) => metric && !metric.startsWith(":monitor"));

async function parameters() {
  const tasks = await read("hyperparams", "last_metrics");
  const { scatter, parallel } = await import("./hyperplots.js");
  const view = new URLSearchParams(location.search).get("view") ?? "table";
  const state = { view };
  tools.hidden = false;
  redraw = () => {
    const shown = inOrder(tasks);
    const rows = shown.map((task) => ({ id: task.id, name: task.name, colour: colourOf(task.id), parameters: values(task), metrics: Object.fromEntries(metrics(task).map((item) => [`${item.metric} / ${item.variant}`, item.value])) }));
    tools.replaceChildren(h("span", { class: "segments", role: "group", "aria-label": "View" }, [["table", "Table"], ["parallel", "Parallel coordinates"], ["scatter", "Scatter"]].map(([key, text]) => h("button", { type: "button", "aria-pressed": String(state.view === key), text, onclick: () => { state.view = key; const params = new URLSearchParams(location.search); params.set("view", key); history.replaceState(null, "", `?${params}`); redraw(); } }))));
    if (state.view === "table") body.replaceChildren(matrix(shown, [...new Set(shown.flatMap((task) => Object.keys(task.hyperparams ?? {})))].sort().map((section) => group(shown, section, (task) => Object.fromEntries(Object.entries(task.hyperparams?.[section] ?? {}).map(([name, item]) => [name, item.value]))))));
    else body.replaceChildren(h("div", { class: "page wide" }, state.view === "parallel" ? parallel(rows) : scatter(rows)));
  };
  redraw();
}

async function valueTable() {
  const tasks = await read("last_metrics", "last_iteration");
  const state = { kind: "value" };
  tools.hidden = false;
  redraw = () => {
    const shown = inOrder(tasks);
    tools.replaceChildren(h("span", { class: "segments", role: "group", "aria-label": "Which value" }, [["value", "Last"], ["min_value", "Min"], ["max_value", "Max"]].map(([key, text]) => h("button", { type: "button", "aria-pressed": String(state.kind === key), text, onclick: () => { state.kind = key; redraw(); } }))));
    const names = [...new Set(shown.flatMap((task) => metrics(task).map(({ metric }) => metric)))].sort();
    body.replaceChildren(matrix(shown, names.map((metric) => {
      const variants = [...new Set(shown.flatMap((task) => metrics(task).filter((item) => item.metric === metric).map(({ variant }) => variant)))].sort();
      return { title: metric, rows: variants.map((variant) => ({ name: variant, values: shown.map((task) => metrics(task).find((item) => item.metric === metric && item.variant === variant)?.[state.kind]) })) };
    }), { fold: false, mark: true }));
  };
  redraw();
}

async function scalars() {
  const state = readState();
  const off = new Set();
  const grid = h("div", { class: "charts" });
  body.replaceChildren(grid);
  tools.hidden = side.hidden = false;
  const metricOf = ({ title }) => (found[title] ? title : Object.keys(found).find((metric) => title.startsWith(`${metric} / `)));
  const embed = (card) => { const metric = metricOf(card); return { type: "scalar", objects: shownTasks().map(({ id }) => id), metrics: [metric], variants: card.title === metric ? [] : [card.title.slice(metric.length + 3)], xaxis: { iter: "iter", relative: "timestamp", time: "iso_time" }[state.axis] }; };
  const draw = cardGrid(grid, { embed });
  const tree = metricTree(side, off, () => redraw());
  let found = {};
  const load = async () => {
    const reply = await call("events.multi_task_scalar_metrics_iter_histogram", { tasks: ids(), key: state.axis === "iter" ? "iter" : "timestamp", samples: 600 }, { quiet: true });
    found = reply.metrics ?? {};
    redraw();
  };
  redraw = () => {
    const names = Object.keys(found).sort((left, right) => left.startsWith(":monitor") - right.startsWith(":monitor") || left.localeCompare(right));
    tree(names.map((metric) => ({ metric, variants: Object.keys(found[metric]).sort() })));
    const lines = (metric, variant) => shownTasks().filter(({ id }) => found[metric][variant][id]).map((task) => ({ name: task.id, label: state.group === "metric" ? `${task.name} · ${variant}` : task.name, colour: colourOf(task.id), x: axisValues(found[metric][variant][task.id].x, state.axis), y: found[metric][variant][task.id].y }));
    const charts = names.filter((metric) => !off.has(metric)).flatMap((metric) => {
      const variants = Object.keys(found[metric]).sort().filter((variant) => !off.has(`${metric}/${variant}`));
      return state.group === "metric" ? [{ title: metric, lines: variants.flatMap((variant, index) => lines(metric, variant).map((line) => ({ ...line, dash: ["solid", "dot", "dash", "dashdot"][index % 4] }))) }] : variants.map((variant) => ({ title: `${metric} / ${variant}`, lines: lines(metric, variant) }));
    });
    draw(charts, { axis: state.axis, smoothing: state.smoothing, strength: state.strength, logX: state.logX && state.axis !== "time", logY: state.logY, outliers: state.outliers }, state.columns);
    find(".empty", body)?.remove();
    if (!names.length) body.append(empty("No scalar", "None of these tasks has reported scalars."));
  };
  chartTools(tools, state, (_, key) => (key === "axis" ? load() : redraw()));
  await load();
  poll(load, 10000);
}

async function plots() {
  const { drawPlot } = await import("./plot.js");
  const reply = await call("events.get_multi_task_plots", { tasks: ids(), iters: 1, last_iters_per_task_metric: true }, { quiet: true });
  redraw = () => {
    const rows = Object.entries(reply.plots ?? {}).flatMap(([metric, variants]) => Object.entries(variants).map(([variant, byTask]) => ({ title: variant && variant !== metric ? `${metric} / ${variant}` : metric, byTask })));
    body.replaceChildren(...(rows.length ? rows.map(({ title, byTask }) => h("section", { class: "section padded" }, h("h2", { text: title }), h("div", { class: "charts wide-charts" }, shownTasks().filter(({ id }) => byTask[id]).map((task) => {
      const latest = Object.entries(byTask[task.id]).sort(([left], [right]) => Number(right) - Number(left))[0]?.[1]?.plots?.[0];
      const box = h("div", { class: "plot-box" });
      if (latest) queueMicrotask(() => drawPlot(box, latest));
      return h("figure", { class: "card" }, h("figcaption", { class: "row" }, swatch(task), h("span", { class: "strong clip", text: task.name })), box);
    })))) : [empty("No plot", "None of these tasks has reported plots.")]));
  };
  redraw();
}

async function samples() {
  const { fileKind, fileLink } = await import("./files.js");
  const replies = await Promise.all(page.tasks.map((task) => call("events.debug_images", { metrics: [{ task: task.id, metric: null }], iters: 1 }, { quiet: true }).catch(() => ({}))));
  redraw = () => {
    const byTask = new Map(page.tasks.map((task, index) => [task.id, (replies[index].metrics?.[0]?.iterations ?? []).flatMap(({ events }) => events)]));
    const names = [...new Set([...byTask.values()].flat().map(({ metric, variant }) => `${metric} / ${variant}`))].sort();
    body.replaceChildren(...(names.length ? names.map((name) => h("section", { class: "section padded" }, h("h2", { text: name }), h("div", { class: "samples" }, shownTasks().map((task) => {
      const event = byTask.get(task.id).find(({ metric, variant }) => `${metric} / ${variant}` === name);
      const link = event && fileLink(event.url);
      return h("figure", { class: "sample" }, h("a", { class: "sample-open", href: link || undefined, "aria-label": `${name} of ${task.name}` }, link && fileKind(event.url) === "image" ? h("img", { src: link, alt: `${name} of ${task.name}`, loading: "lazy" }) : h("span", { class: "muted", text: event ? "a file" : "none" })), h("figcaption", { class: "row small" }, swatch(task), h("span", { class: "clip", text: `${task.name}${event ? ` · iteration ${event.iter}` : ""}` })));
    })))) : [empty("No sample", "None of these tasks has reported debug samples.")]));
  };
  redraw();
}

chips();
document.addEventListener("trackyard:theme", () => { chips(); redraw(); });
if (page.tasks.length) await { details, parameters, scalars, values: valueTable, plots, samples }[page.tab]().catch(() => undefined);
