// The state of the table of tasks: read from the address, written to it, and turned into a query of the API.
import { literal, segment } from "./api.js";

const HIDDEN = ["__$not", "archived", "__$not", "pipeline", "__$not", "dataset", "__$not", "reports"];
const SEARCHED = ["id", "name", "comment", "tags"];
/** The value of a filter that stands for "has none". */
export const NONE = "(none)";
const FIELD = { status: "status", type: "type", tags: "tags", user: "user", parent: "parent", project: "project" };
const RANGE = { started: "started", updated: "last_update", iteration: "last_iteration", duration: "active_duration" };

/** Reads the state: {q, regex, filters: [{key, op, values}], order, columns, view, group, archived, deep, panel}. */
export function read(search, fallback) {
  const params = new URLSearchParams(search);
  const filters = params.getAll("f").map((text) => {
    const [key, op, rest = ""] = text.split("~");
    return { key, op, values: op === "range" ? rest.split("..") : rest.split(",").filter(Boolean) };
  });
  return {
    q: params.get("q") ?? "", filters, order: (params.get("order") ?? "-last_update").split(","), columns: (params.get("columns")?.split(",") ?? fallback).map(decode),
    regex: params.get("regex") === "1", view: params.get("view") === "cards" ? "cards" : "table", group: decode(params.get("group") ?? ""),
    archived: params.get("archived") === "1", deep: params.get("deep") !== "0", panel: params.get("task") ?? "",
  };
}

/** A column's key as it stands in the address, where commas, bars and tildes separate. */
export const encode = (key) => key.replaceAll("%", "%25").replaceAll(",", "%2C").replaceAll("|", "%7C").replaceAll("~", "%7E").replaceAll("\u001f", "|");
export const decode = (key) => key.replaceAll("|", "\u001f").replaceAll("%7E", "~").replaceAll("%7C", "|").replaceAll("%2C", ",").replaceAll("%25", "%");

/** Writes the state as a query string; what equals the fallback is left out. */
export function write(state, fallback) {
  const params = new URLSearchParams();
  if (state.q) params.set("q", state.q);
  for (const { key, op, values } of state.filters) params.append("f", `${key}~${op}~${values.join(op === "range" ? ".." : ",")}`);
  if (state.order.join() !== "-last_update") params.set("order", state.order.join());
  if (state.columns.join() !== fallback.join()) params.set("columns", state.columns.map(encode).join(","));
  if (state.regex) params.set("regex", "1");
  if (state.view !== "table") params.set("view", state.view);
  if (state.group) params.set("group", encode(state.group));
  if (state.archived) params.set("archived", "1");
  if (!state.deep) params.set("deep", "0");
  if (state.panel) params.set("task", state.panel);
  const text = params.toString();
  return text ? `?${text}` : "";
}

function list({ op, values }) {
  const wanted = values.flatMap((value) => (value === "completed" ? ["completed", "closed"] : [value === NONE ? null : value]));
  return op === "not" ? wanted.flatMap((value) => ["__$not", value]) : wanted;
}

const bound = (value, key) => (value === "" || value === undefined ? null : key === "started" || key === "updated" ? value : Number(value));

function tagFilter(filters) {
  const part = (op) => filters.filter((filter) => filter.op === op).flatMap(({ values }) => values.map((value) => (value === NONE ? null : value)));
  return [...part("in"), ...part("not").flatMap((value) => ["__$not", value])];
}

function put(body, filter) {
  const { key, op, values } = filter;
  if (key in FIELD) body[FIELD[key]] = [...(body[FIELD[key]] ?? []), ...list(filter)];
  else if (key in RANGE && op === "range") body[RANGE[key]] = key === "updated" ? dates(values) : values.map((value) => bound(value, key));
  else if (key.startsWith("m.")) body[`last_metrics.${key.split(".").slice(1, 4).join(".")}`] = values.map((value) => bound(value, key));
  else if (key.startsWith("h.")) {
    const [section, name] = decode(key).slice(2).split("\u001f");
    body[`hyperparams.${segment(section)}.${segment(name)}.value`] = list(filter);
  }
}

const dates = ([from, to]) => [from && `>=${from}`, to && `<=${to}`].filter(Boolean);

/** The filters of the state as a body of `tasks.get_all_ex`. */
export function body(state, project) {
  const query = { system_tags: state.archived ? ["__$and", "archived"] : HIDDEN, order_by: state.order };
  if (project) Object.assign(query, { project: [project], include_subprojects: state.deep });
  if (state.q) query._any_ = { pattern: state.regex ? state.q : pattern(state.q), fields: SEARCHED };
  for (const filter of state.filters) if (filter.key !== "tags") put(query, filter);
  const tags = tagFilter(state.filters.filter(({ key }) => key === "tags"));
  if (tags.length) query.tags = tags;
  const every = state.filters.filter(({ key, op }) => key === "tags" && op === "all").flatMap(({ values }) => values);
  if (every.length) query.filters = { tags: { all: { include: every.map((value) => (value === NONE ? null : value)) } } };
  return query;
}

/** Text between slashes is a regular expression; anything else is looked for as it stands. */
export const pattern = (text) => (/^\/.+\/$/.test(text) ? text.slice(1, -1) : literal(text));
