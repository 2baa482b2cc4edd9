// Columns of the table of tasks: fixed ones, metrics ("m.<hash>.<hash>.<value>.<metric>.<variant>"), parameters ("h.<section>.<name>").
import { segment } from "./api.js";
import { h, status, url } from "./dom.js";
import { ago, duration, lowerIsBetter, number, stamp } from "./format.js";

const text = (value) => value ?? "";
const time = (value) => (value ? h("span", { class: "clip", title: stamp(value), text: ago(value) }) : "");

function nameCell(row) {
  const box = h("span", { class: "row grow" }, h("span", { class: "status dot", data: { status: row.status }, title: row.status }, h("span", { class: "sr", text: row.status })),
    h("a", { class: `clip ${(row.system_tags ?? []).includes("development") ? "by-hand" : ""}`, href: url(`/tasks/${row.id}`), title: row.name, tabindex: "-1", text: row.name }));
  for (const tag of row.tags ?? []) box.append(h("span", { class: "tag", title: tag, text: tag }));
  return box;
}

const progress = (row) => (row.runtime?.progress === undefined ? "" : h("progress", { max: "100", value: String(row.runtime.progress), "aria-label": `Progress of ${row.name}` }));

/** The fixed columns by key: title, width, the field that sorts, the fields that are read, and how a cell is drawn. */
export const FIXED = {
  name: { title: "Name", width: 280, sort: "name", fields: ["name", "status", "tags", "system_tags"], render: nameCell, kind: "name", fixed: true },
  status: { title: "Status", width: 104, sort: "status", fields: ["status"], render: (row) => status(row.status) },
  project: { title: "Project", width: 152, sort: "project", fields: ["project.name"], render: (row) => (row.project?.name ? h("a", { class: "clip muted", tabindex: "-1", href: url(`/projects/${row.project.id}/tasks`), title: row.project.name, text: row.project.name }) : "") },
  type: { title: "Type", width: 108, sort: "type", fields: ["type"], render: (row) => text(row.type) },
  user: { title: "User", width: 96, sort: "user", fields: ["user.name"], render: (row) => text(row.user?.name) },
  started: { title: "Started", width: 104, sort: "started", fields: ["started"], render: (row) => time(row.started) },
  duration: { title: "Duration", width: 92, sort: "active_duration", fields: ["active_duration"], num: true, render: (row) => duration(row.active_duration) },
  iteration: { title: "Iteration", width: 80, sort: "last_iteration", fields: ["last_iteration"], num: true, render: (row) => number(row.last_iteration) },
  updated: { title: "Updated", width: 112, sort: "last_update", fields: ["last_update"], render: (row) => time(row.last_update) },
  progress: { title: "Progress", width: 120, fields: ["runtime.progress"], render: progress },
  worker: { title: "Worker", width: 140, sort: "last_worker", fields: ["last_worker"], render: (row) => text(row.last_worker) },
  parent: { title: "Parent", width: 180, sort: "parent", fields: ["parent.name"], render: (row) => (row.parent?.id ? h("a", { class: "clip muted", tabindex: "-1", href: url(`/tasks/${row.parent.id}`), text: row.parent.name ?? row.parent.id }) : "") },
  comment: { title: "Description", width: 220, sort: "comment", fields: ["comment"], render: (row) => text(row.comment) },
  id: { title: "Id", width: 240, sort: "id", fields: ["id"], render: (row) => h("span", { class: "mono clip", text: row.id }) },
};

/** What a table shows before anybody has chosen. */
export const DEFAULT = ["name", "status", "type", "user", "started", "duration", "iteration", "updated"];
export const DEFAULT_ALL = ["name", "status", "project", "user", "started", "duration", "iteration", "updated"];

const KINDS = { value: "last", min_value: "min", max_value: "max" };

function metricColumn(key) {
  const [, metricHash, variantHash, kind, ...names] = key.split(".");
  const path = `last_metrics.${metricHash}.${variantHash}`;
  const [metric, variant] = names.join(".").split("\u001f");
  const value = (row) => row.last_metrics?.[metricHash]?.[variantHash]?.[kind];
  const column = { key, title: `${variant ? `${metric}/${variant}` : metric}${kind === "value" ? "" : ` ${KINDS[kind]}`}`, width: 144, num: true, sort: `${path}.${kind}`, fields: [`${path}.${kind}`], value };
  column.render = (row) => bar(column, value(row));
  column.best = (row) => column.bounds?.count > 1 && value(row) !== undefined && value(row) === (lowerIsBetter(column.title) ? column.bounds.low : column.bounds.high);
  return column;
}

function bar(column, value) {
  if (value === undefined || value === null) return "";
  const { low, high } = column.bounds ?? {};
  const share = high > low ? (value - low) / (high - low) : 0;
  return h("span", { class: "row grow end" }, h("span", { class: "bar", "aria-hidden": "true" }, h("span", { style: { width: `${Math.round(4 + share * 96)}%` } })), h("span", { text: number(value) }));
}

function parameterColumn(key) {
  const [section, name] = key.slice(2).split("\u001f");
  const path = `hyperparams.${segment(section)}.${segment(name)}.value`;
  const value = (row) => row.hyperparams?.[section]?.[name]?.value;
  return { key, title: section === "properties" || section === "Args" || section === "General" ? name : `${section}/${name}`, hint: `${section}/${name}`, width: 128, sort: path, fields: [path], value, render: (row) => text(value(row)) };
}

/** The column of a key, or null for a key that nobody knows. */
export function column(key) {
  if (key.startsWith("m.")) return metricColumn(key);
  if (key.startsWith("h.")) return parameterColumn(key);
  return FIXED[key] ? { key, ...FIXED[key] } : null;
}

export const metricKey = (item, kind) => `m.${item.metric_hash}.${item.variant_hash}.${kind}.${item.metric}\u001f${item.variant}`;
export const parameterKey = (item) => `h.${item.section}\u001f${item.name}`;

/** Sets the least and greatest value of each metric column, for its bars. */
export function bounds(columns, rows) {
  for (const item of columns) {
    if (!item.value || !item.num) continue;
    const values = rows.map(item.value).filter(Number.isFinite);
    item.bounds = { low: Math.min(...values), high: Math.max(...values), count: values.length };
  }
}
