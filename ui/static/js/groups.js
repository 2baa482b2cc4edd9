// Tasks in groups: which groups there are and how many tasks each has, and a grid with a row for each group that opens.
import { call, segment } from "./api.js";
import { column } from "./columns.js";
import { STATUS_NAMES, h, icon } from "./dom.js";
import { NONE, decode } from "./query.js";
import { Grid, PAGE, ROW } from "./table.js";

const LIMIT = 200;
const AT_ONCE = 6;
const STATUSES = ["in_progress", "queued", "created", "completed", "published", "failed", "stopped"];
const TITLES = { project: "Project", status: "Status", tags: "Tag", user: "User", type: "Type", parent: "Parent" };

/** What the tasks of a table can be grouped by: [key, title], the shown parameters at the end. */
export const groupings = (columns, project) => [
  ...Object.entries(TITLES).filter(([key]) => key !== "project" || !project || true),
  ...columns.filter((key) => key.startsWith("h.")).map((key) => [key, column(key)?.title ?? key]),
];

const named = (rows) => (rows ?? []).map(({ id, name }) => [id, name]);
const plain = (values) => (values ?? []).map((value) => [value, value]);

/** The values that a field has among the tasks, as [value, title]. */
async function valuesOf(by, page, filters) {
  const projects = page.project ? [page.project.id] : [];
  if (by === "status") return STATUSES.map((value) => [value, STATUS_NAMES[value]]);
  if (by === "type") return plain((await call("tasks.get_types", { projects })).types);
  if (by === "tags") return [...plain((await call("projects.get_task_tags", { projects })).tags), [NONE, "No tag"]];
  if (by === "user") return named((await call("users.get_all_ex", { only_fields: ["name"], order_by: ["name"] })).users);
  if (by === "parent") return [...named((await call("projects.get_task_parents", { projects, tasks_state: filters.system_tags?.[0] === "__$and" ? "archived" : "active" })).parents), [NONE, "No parent"]];
  if (by === "project") return named((await call("projects.get_all_ex", { ...(page.project ? { _any_: { fields: ["name"], pattern: `^${page.project.name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}(/|$)` } } : {}), only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 })).projects);
  const [section, name] = decode(by).slice(2).split("\u001f");
  return plain((await call("projects.get_hyperparam_values", { projects, section, name, include_subprojects: true, page: 0, page_size: LIMIT })).values);
}

/** The filter that leaves one group of a query, or null when the query leaves nothing of it. */
function narrowed(by, value, filters) {
  const wanted = value === NONE ? null : value;
  if (by === "tags") return { filters: { tags: { all: { include: [...(filters.filters?.tags?.all?.include ?? []), wanted] } } } };
  const [section, name] = by.startsWith("h.") ? decode(by).slice(2).split("\u001f") : [];
  const field = name === undefined ? by : `hyperparams.${segment(section)}.${segment(name)}.value`;
  const given = by === "project" ? [] : (filters[field] ?? []);
  const not = given[0] === "__$not";
  if (given.length && given.includes(wanted) === not) return null;
  const more = by === "project" ? { include_subprojects: false } : {};
  return { [field]: value === "completed" ? ["completed", "closed"] : [wanted], ...more };
}

async function counted(groups, filters) {
  const waiting = [...groups];
  const work = async () => {
    for (let group = waiting.shift(); group; group = waiting.shift()) {
      const { order_by: _, ...rest } = { ...filters, ...group.filter };
      group.count = (await call("organization.get_entities_count", { tasks: rest }, { quiet: true })).tasks;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return groups.filter(({ count }) => count);
}

/** The groups of a query that have tasks: {key, title, filter, count}. */
export async function groupsOf(by, page, filters) {
  const values = (await valuesOf(by, page, filters)).slice(0, LIMIT);
  const groups = values.map(([key, title]) => ({ key, title: String(title), filter: narrowed(by, key, filters) })).filter(({ filter }) => filter);
  return counted(groups, filters);
}

/** A grid whose rows may stand in groups that open and close. */
export class GroupedGrid extends Grid {
  /** Shows groups; null shows plain rows. What was open stays open. */
  regroup(groups) {
    const open = this.opened ?? new Set();
    this.opened = open;
    this.groups = groups?.map((group) => ({ ...group, open: open.has(group.key), pages: this.groups?.find(({ key }) => key === group.key)?.pages ?? new Map() })) ?? null;
    if (this.groups) this.lay();
  }

  lay() {
    let at = 0;
    for (const group of this.groups) {
      group.at = at;
      at += 1 + (group.open ? group.count : 0);
    }
    for (const { node } of this.drawn.values()) node.remove();
    this.drawn.clear();
    this.setTotal(at);
  }

  place(index) {
    const group = this.groups.findLast(({ at }) => at <= index);
    return { group, offset: index - group.at - 1 };
  }

  row(index) {
    if (!this.groups) return super.row(index);
    if (index < 0 || !this.groups.length) return undefined;
    const { group, offset } = this.place(index);
    return offset < 0 ? undefined : group.pages.get(Math.floor(offset / PAGE))?.[offset % PAGE];
  }

  rows() {
    return this.groups ? this.groups.flatMap(({ pages }) => [...pages.values()].flat()) : super.rows();
  }

  need(index) {
    if (!this.groups) return super.need(index);
    const { group, offset } = this.place(index);
    return offset < 0 ? undefined : this.fetchOf(group, Math.floor(offset / PAGE));
  }

  async fetchOf(group, page) {
    const key = `${group.key}\n${page}`;
    if (this.waiting.has(key)) return;
    const request = new AbortController();
    this.waiting.set(key, request);
    const rows = await this.source.load(page, PAGE, request.signal, group.filter).catch(() => null);
    if (this.waiting.get(key) === request) this.waiting.delete(key);
    if (rows) { group.pages.set(page, rows); this.draw(); }
  }

  drawRow(index) {
    if (!this.groups) return super.drawRow(index);
    const { group, offset } = this.place(index);
    if (offset >= 0) return super.drawRow(index);
    const text = `${group.title}\n${group.count}`;
    const before = this.drawn.get(index);
    if (before?.text === text) return undefined;
    before?.node.remove();
    const node = this.groupNode(group, index);
    this.space.append(node);
    this.drawn.set(index, { node, text });
    return undefined;
  }

  groupNode(group, index) {
    const flip = () => {
      group.open = !group.open;
      if (group.open) this.opened.add(group.key);
      else this.opened.delete(group.key);
      this.lay();
    };
    return h("div", { class: "group", role: "row", "aria-rowindex": String(index + 2), style: { transform: `translateY(${index * ROW}px)`, width: `${this.width}px` } },
      h("div", { role: "gridcell", class: "row" }, h("button", { class: "group-open", type: "button", "aria-expanded": String(group.open), onclick: flip }, icon(group.open ? "chevron-down" : "chevron-right", "small"), h("span", { class: "clip", text: group.title }), h("span", { class: "count-badge", text: group.count.toLocaleString("en-US") }))));
  }

  /** Reads the rows of open groups again that have been read; in plain form what is in view. */
  async refresh() {
    if (!this.groups) return super.refresh();
    for (const group of this.groups.filter(({ open }) => open)) {
      for (const page of [...group.pages.keys()]) group.pages.set(page, await this.source.load(page, PAGE, undefined, group.filter));
    }
    this.draw();
    return undefined;
  }
}
