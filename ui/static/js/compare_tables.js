// The tables of a comparison: details and parameters with what differs first, values with their extremes, models' networks.
import { get, put } from "./address.js";
import { csv, empty, find, findAll, h, icon, save } from "./dom.js";
import { lowerIsBetter, number } from "./format.js";

const BLANK = "–";
const shownValue = (value) => (value === undefined || value === null || value === "" ? BLANK : typeof value === "number" ? number(value) : String(value));
const differs = ({ values }) => new Set(values.map((value) => value ?? "")).size > 1;

function cell(value, row, mark, title) {
  const numbers = mark ? row.values.filter(Number.isFinite) : [];
  const spread = numbers.length > 1 && Math.min(...numbers) !== Math.max(...numbers);
  const [best, worst] = lowerIsBetter(`${title} ${row.name}`) ? [Math.min, Math.max] : [Math.max, Math.min];
  const kind = spread && value === best(...numbers) ? "best" : spread && value === worst(...numbers) ? "worst" : "";
  return h("td", { class: `wrap ${mark ? "num" : "mono"} ${kind}`, title: kind && `The ${kind} value`, text: shownValue(value) });
}

/** A table with things as columns; groups are {title, rows: [{name, values}]}. Equal rows are folded when `fold`. */
function matrix(frame, things, groups, { fold = true, mark = false } = {}) {
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "sr", text: "Name" })), things.map((thing) => h("th", { scope: "col" }, h("span", { class: "row" }, frame.swatch(thing), h("span", { class: "clip", title: thing.name, text: thing.name }))))));
  const line = (row, title) => h("tr", { "data-same": differs(row) ? undefined : "", "data-row": "" }, h("th", { scope: "row", class: "wrap", text: row.name }), row.values.map((value) => cell(value, row, mark, title)));
  const sections = groups.map(({ title, rows }) => {
    const equal = fold ? rows.filter((row) => !differs(row)) : [];
    const more = h("tbody", { hidden: true, "data-equal": "" }, equal.map((row) => line(row, title)));
    const toggle = equal.length > 0 && h("button", { class: "btn ghost tiny", type: "button", "data-fold": "", "aria-expanded": "false", text: `${equal.length} equal`, onclick: (event) => { more.hidden = !more.hidden; event.currentTarget.setAttribute("aria-expanded", String(!more.hidden)); } });
    return [h("tbody", {}, h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: String(things.length + 1) }, h("span", { class: "row" }, title, toggle))), (fold ? rows.filter(differs) : rows).map((row) => line(row, title))), more];
  });
  return h("div", { class: "table-wrap" }, h("table", { class: "matrix" }, head, sections));
}

const rowsOf = (things, groups) => [["", "", ...things.map(({ name }) => name)], ...groups.flatMap(({ title, rows }) => rows.map((row) => [title, row.name, ...row.values]))];

/** The toolbar's common part: find in the table, walk through differences, download. */
function tableTools(frame, name, state, before = []) {
  const search = h("input", { type: "search", placeholder: "Find in the table", "aria-label": "Find in the table", value: get("find"), "data-filter": "", oninput: () => { put({ find: search.value }); sift(frame, search.value); } });
  const step = (by) => () => {
    const rows = findAll("tr[data-row]:not([data-same]):not([hidden])", frame.body);
    if (!rows.length) return;
    state.at = ((state.at ?? (by > 0 ? -1 : 0)) + by + rows.length) % rows.length;
    rows.forEach((row, index) => row.classList.toggle("current", index === state.at));
    rows[state.at].scrollIntoView({ block: "center" });
  };
  const button = (label, image, run) => h("button", { class: "btn ghost square", type: "button", "aria-label": label, title: label, onclick: run }, icon(image));
  frame.tools.hidden = false;
  frame.tools.replaceChildren(...before, h("span", { class: "find" }, icon("search"), search), button("Previous difference", "sort-up", step(-1)), button("Next difference", "sort-down", step(1)), h("span", { class: "muted small", id: "found", role: "status" }), h("span", { class: "grow" }),
    h("button", { class: "btn ghost", type: "button", onclick: () => save(`${name}.csv`, csv(rowsOf(state.things, state.groups)), "text/csv") }, icon("download"), "CSV"));
}

/** Shows only rows that hold the text; equal ones, too. */
function sift(frame, text) {
  const wanted = text.trim().toLowerCase();
  let hits = 0;
  for (const row of findAll("tr[data-row]", frame.body)) {
    row.hidden = Boolean(wanted) && !row.textContent.toLowerCase().includes(wanted);
    hits += !row.hidden;
  }
  for (const part of findAll("tbody[data-equal]", frame.body)) if (wanted) part.hidden = false;
  find("#found").textContent = wanted ? `${hits} rows` : "";
}

/** Draws groups made of the shown things, now and whenever what is shown changes. */
function table(frame, name, rows, groupsOf, options = {}, before = () => []) {
  const state = {};
  frame.redraw = () => {
    state.things = frame.shown(rows);
    state.groups = groupsOf(state.things).filter((group) => group.rows.length);
    tableTools(frame, name, state, before());
    frame.body.replaceChildren(state.groups.length ? matrix(frame, state.things, state.groups, options) : empty("Nothing to compare", "None of them has anything here."));
    if (get("find")) sift(frame, get("find"));
  };
  frame.redraw();
}

function flatten(value, path = "", found = new Map()) {
  if (value && typeof value === "object" && !Array.isArray(value)) for (const [key, item] of Object.entries(value)) flatten(item, path ? `${path} / ${key}` : key, found);
  else if (value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length)) found.set(path, Array.isArray(value) ? value.join(", ") : value);
  return found;
}

function group(things, title, pick) {
  const maps = things.map((thing) => flatten(pick(thing)));
  const names = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();
  return { title, rows: names.map((name) => ({ name, values: maps.map((map) => map.get(name)) })) };
}

const packages = (requirements) => Object.fromEntries([requirements?.pip ?? ""].flat().join("\n").split("\n").filter((line) => line && !line.startsWith("#")).map((line) => line.split(/\s*==\s*/)));
const lines = (diff) => Object.fromEntries(String(diff ?? "").split("\n").filter((line) => /^[+-](?![+-])/.test(line)).map((line, index, all) => [`${String(index + 1).padStart(String(all.length).length, "0")}`, line]));

function code({ script = {} }) {
  const { diff, requirements, ...rest } = script;
  return { ...rest, "uncommitted changes": diff ? `${diff.split("\n").length} lines` : "" };
}

const about = ({ type, status, project, user, parent, started, active_duration: seconds, last_iteration: iteration, last_worker: worker, comment, tags }) => ({ type, status, project: project?.name, user: user?.name, parent: parent?.name, started, "duration (s)": seconds, iteration, worker, description: comment, tags });
const artifacts = ({ execution }) => Object.fromEntries((execution?.artifacts ?? []).map(({ key, type, content_size: size, hash }) => [key, { type, size, hash }]));
const linked = (side) => ({ models }) => Object.fromEntries((models?.[side] ?? []).map(({ name, model }) => [name, model?.id ?? model]));
const objects = ({ configuration }) => Object.fromEntries(Object.entries(configuration ?? {}).map(([name, { value }]) => [name, Object.fromEntries(String(value ?? "").split("\n").map((line, index) => [`line ${String(index + 1).padStart(4, "0")}`, line]))]));
const runtime = (thing) => Object.fromEntries(Object.entries(thing.runtime ?? {}).filter(([name]) => !name.startsWith("_")));

async function taskDetails(frame) {
  const rows = await frame.read("status", "type", "project.name", "user.name", "parent.name", "started", "completed", "active_duration", "last_iteration", "last_worker", "comment", "tags", "script", "container", "execution.artifacts", "models", "configuration", "runtime");
  table(frame, "details", rows, (things) => [
    group(things, "Task", about), group(things, "Code", code), group(things, "Packages", ({ script }) => packages(script?.requirements)), group(things, "Uncommitted changes", ({ script }) => lines(script?.diff)), group(things, "Container", ({ container }) => container ?? {}),
    group(things, "Artifacts", artifacts), group(things, "Input models", linked("input")), group(things, "Output models", linked("output")), group(things, "Configuration", objects), group(things, "Runtime", runtime),
  ]);
}

const metadata = ({ metadata: found }) => Object.fromEntries(Object.values(found ?? {}).map(({ key, value }) => [key, value]));

async function modelDetails(frame) {
  const rows = await frame.read("framework", "ready", "uri", "comment", "tags", "project.name", "user.name", "task.name", "parent.name", "created", "labels", "metadata");
  const general = ({ framework, ready, uri, comment, tags, project, user, created }) => ({ framework, status: ready ? "published" : "draft", file: uri, description: comment, tags, project: project?.name, user: user?.name, created });
  table(frame, "models", rows, (things) => [group(things, "General", general), group(things, "Labels", ({ labels }) => labels ?? {}), group(things, "Metadata", metadata), group(things, "Lineage", ({ task, parent }) => ({ "made by": task?.name, parent: parent?.name }))]);
}

export const details = (frame) => (frame.models ? modelDetails(frame) : taskDetails(frame));

/** The networks of models line by line. */
export async function network(frame) {
  const rows = await frame.read("design");
  const text = ({ design }) => (typeof design === "string" ? design : design?.design ?? (design && Object.keys(design).length ? JSON.stringify(design, null, 2) : ""));
  table(frame, "network", rows, (things) => [group(things, "Network", (thing) => Object.fromEntries(String(text(thing)).split("\n").map((line, index) => [`line ${String(index + 1).padStart(4, "0")}`, line])))]);
}

const parametersOf = (task) => Object.fromEntries(Object.entries(task.hyperparams ?? {}).flatMap(([section, items]) => Object.entries(items).map(([name, item]) => [`${section}/${name}`, item.value])));
const metricsOf = (thing) => Object.values(thing.last_metrics ?? {}).flatMap((variants) => Object.values(variants)).filter(({ metric }) => metric && !metric.startsWith(":monitor"));

const segments = (label, options, chosen, run) => h("span", { class: "segments", role: "group", "aria-label": label }, options.map(([key, text]) => h("button", { type: "button", "aria-pressed": String(chosen === key), text, onclick: () => run(key) })));

/** Parameters as a table, as parallel coordinates or as a scatter. */
export async function parameters(frame) {
  const rows = await frame.read("hyperparams", "last_metrics", "status");
  const { parallel, scatter } = await import("./hyperplots.js");
  const views = () => segments("View", [["table", "Table"], ["parallel", "Parallel coordinates"], ["scatter", "Scatter"]], get("view", "table"), (key) => { put({ view: key }); draw(); });
  const groupsOf = (things) => [...new Set(things.flatMap((task) => Object.keys(task.hyperparams ?? {})))].sort().map((section) => group(things, section, (task) => Object.fromEntries(Object.entries(task.hyperparams?.[section] ?? {}).map(([name, item]) => [name, item.value]))));
  const plotted = () => frame.shown(rows).map((task) => ({ id: task.id, name: task.name, colour: frame.colourOf(task.id), parameters: parametersOf(task), metrics: Object.fromEntries(metricsOf(task).flatMap((item) => [["", "value"], [" · min", "min_value"], [" · max", "max_value"]].map(([word, key]) => [`${item.metric} / ${item.variant}${word}`, item[key]]))) }));
  function draw() {
    frame.leaveOut(new Set());
    if (get("view", "table") === "table") table(frame, "parameters", rows, groupsOf, {}, () => [views()]);
    else {
      frame.tools.hidden = false;
      frame.redraw = () => {
        frame.tools.replaceChildren(views());
        frame.body.replaceChildren(h("div", { class: "page wide" }, get("view") === "parallel" ? parallel(plotted(), { leaveOut: frame.leaveOut }) : scatter(plotted())));
      };
      frame.redraw();
    }
  }
  draw();
}

/** The last, least or greatest values of all metrics, the best and the worst marked. */
export async function values(frame) {
  const rows = await frame.read("last_metrics", "last_iteration");
  const kinds = () => segments("Which value", [["value", "Last"], ["min_value", "Min"], ["max_value", "Max"]], get("kind", "value"), (key) => { put({ kind: key }); frame.redraw(); });
  table(frame, "values", rows, (things) => {
    const found = things.map((thing) => new Map(metricsOf(thing).map((item) => [`${item.metric}\n${item.variant}`, item])));
    const names = [...new Set(found.flatMap((map) => [...map.keys()]))].sort();
    return [...Map.groupBy(names, (name) => name.split("\n")[0])].map(([title, keys]) => ({ title, rows: keys.map((key) => ({ name: key.split("\n")[1], values: found.map((map) => map.get(key)?.[get("kind", "value")]) })) }));
  }, { fold: false, mark: true }, () => [kinds()]);
}
