// The chips of a table's filters, each of which can be changed and removed.
import { call } from "./api.js";
import { STATUS_NAMES, h, icon } from "./dom.js";
import { ask } from "./dialog.js";
import { openMenu } from "./menu.js";
import { column, metricKey, parameterKey } from "./columns.js";
import { NONE, decode, encode } from "./query.js";
import { parameterNames, metricNames } from "./names.js";

const TITLES = { status: "Status", type: "Type", tags: "Tag", user: "User", project: "Project", parent: "Parent", started: "Started", updated: "Updated", iteration: "Iteration", duration: "Run time (s)" };
const RANGES = new Set(["started", "updated", "iteration", "duration"]);
const DATES = new Set(["started", "updated"]);
const STATUSES = ["created", "queued", "in_progress", "completed", "published", "failed", "stopped"];

const title = (key) => TITLES[key] ?? column(decode(key))?.title ?? key;
const shown = (key, value) => (key === "status" ? STATUS_NAMES[value] : value);

function sentence({ key, op, values }, names) {
  if (op !== "range") return `${{ not: "is not", all: "is all of" }[op] ?? "is"} ${values.map((value) => names.get(value) ?? shown(key, value)).join(", ")}`;
  const [from, to] = values;
  return from && to ? `${from} … ${to}` : from ? `≥ ${from}` : `≤ ${to}`;
}

/** The chips in `root`, and the menu of `button` that adds one. `changed()` is called after every change of `state.filters`. */
export class Filters {
  constructor(root, button, { state, page, changed }) {
    Object.assign(this, { root, button, state, page, changed, names: new Map() });
    button.addEventListener("click", () => this.add());
    this.learn();
  }

  /** Finds the names of users and projects that the address gives by id. */
  async learn() {
    const keys = new Set(this.state.filters.map(({ key }) => key).filter((key) => ["user", "project", "parent"].includes(key)));
    await Promise.all([...keys].map((key) => this.options(key))).catch(() => undefined);
    if (keys.size) this.draw();
  }

  draw() {
    this.root.replaceChildren(...this.state.filters.map((filter) => h("span", { class: "chip" },
      h("button", { type: "button", "aria-haspopup": "menu", onclick: (event) => this.edit(filter, event.currentTarget) }, h("b", { text: title(filter.key) }), "\u00a0", h("i", { text: sentence(filter, this.names) })),
      h("button", { type: "button", "aria-label": `Remove the filter ${title(filter.key)}`, onclick: () => this.remove(filter) }, icon("close", "small")))));
  }

  remove(filter) {
    this.state.filters.splice(this.state.filters.indexOf(filter), 1);
    this.changed();
  }

  async add() {
    const [metrics, parameters] = await Promise.all([metricNames(this.page), parameterNames(this.page)]);
    const start = (key, op) => this.edit({ key, op, values: [] }, this.button);
    openMenu(this.button, [
      ...Object.entries(TITLES).filter(([key]) => key !== "project" || !this.page.project).map(([key, label]) => ({ label, run: () => start(key, RANGES.has(key) ? "range" : "in") })),
      ...(parameters.length ? [{ heading: "Parameters" }] : []), ...parameters.map((item) => ({ label: `${item.section}/${item.name}`, run: () => start(encode(parameterKey(item)), "in") })),
      ...(metrics.length ? [{ heading: "Metrics" }] : []), ...metrics.map((item) => ({ label: `${item.metric} / ${item.variant}`, run: () => start(encode(metricKey(item, "value")), "range") })),
    ], { search: "Filter by…" });
  }

  /** Opens what changes a filter; a new one is added when it gets a value. */
  async edit(filter, anchor) {
    if (filter.op === "range") return DATES.has(filter.key) ? this.since(filter, anchor) : this.range(filter);
    const options = await this.options(filter.key);
    const ways = filter.key === "tags" ? ["in", "all", "not"] : ["in", "not"];
    const next = ways[(ways.indexOf(filter.op) + 1) % ways.length];
    openMenu(anchor, [
      { label: { in: "is any of", all: "is all of", not: "is not any of" }[filter.op], icon: "filter", end: "change", run: () => { filter.op = next; this.put(filter); this.edit(filter, this.button); } }, "-",
      ...options.map(([value, label]) => ({ label, checked: filter.values.includes(value), run: () => this.flip(filter, value) })),
    ], { search: `${title(filter.key)}…` });
    return undefined;
  }

  /** Offers spans up to now, and dates. */
  since(filter, anchor) {
    const spans = [["the last hour", 1], ["the last day", 24], ["the last week", 168], ["the last 30 days", 720]];
    openMenu(anchor, [
      ...spans.map(([label, hours]) => ({ label: `In ${label}`, run: () => { filter.values = [new Date(Date.now() - hours * 3600000).toISOString().slice(0, 19), ""]; this.put(filter); } })),
      { label: "Between dates…", icon: "clock", run: () => this.range(filter) },
    ]);
  }

  flip(filter, value) {
    const at = filter.values.indexOf(value);
    if (at >= 0) filter.values.splice(at, 1);
    else filter.values.push(value);
    this.put(filter);
  }

  put(filter) {
    const at = this.state.filters.indexOf(filter);
    if (at < 0 && filter.values.length) this.state.filters.push(filter);
    else if (at >= 0 && !filter.values.length) this.state.filters.splice(at, 1);
    this.changed();
  }

  async range(filter) {
    const dated = filter.key === "started" || filter.key === "updated";
    const type = dated ? "datetime-local" : "number";
    const local = (value) => (dated && value ? new Date(value).toISOString().slice(0, 16) : value ?? "");
    const values = await ask({ title: title(filter.key), action: "Filter", fields: [{ name: "from", label: "From", type, value: local(filter.values[0]) }, { name: "to", label: "To", type, value: local(filter.values[1]) }] });
    if (!values) return;
    const text = (value) => (value === "" || value === null ? "" : dated ? new Date(value).toISOString().slice(0, 19) : String(value));
    filter.values = [text(values.from), text(values.to)];
    if (!filter.values.some(Boolean)) filter.values = [];
    this.put(filter);
  }

  async options(key) {
    const projects = this.page.project ? [this.page.project.id] : [];
    if (key === "status") return STATUSES.map((value) => [value, STATUS_NAMES[value]]);
    if (key === "type") return ((await call("tasks.get_types", { projects })).types ?? []).map((value) => [value, value]);
    if (key === "tags") return ((await call("projects.get_task_tags", { projects, include_system: false })).tags ?? []).map((value) => [value, value]).concat([[NONE, "(No tags)"]]);
    if (key === "parent") {
      const { parents = [] } = await call("projects.get_task_parents", { projects, tasks_state: this.state.archived ? "archived" : "active" });
      for (const parent of parents) this.names.set(parent.id, parent.name);
      return parents.map((parent) => [parent.id, parent.name]);
    }
    if (key === "user") {
      const { users } = await call("users.get_all_ex", { only_fields: ["name"], order_by: ["name"] });
      for (const user of users) this.names.set(user.id, user.name);
      return users.map((user) => [user.id, user.name]);
    }
    if (key === "project") {
      const { projects: all } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 });
      for (const project of all) this.names.set(project.id, project.name);
      return all.map((project) => [project.id, project.name]);
    }
    const [section, name] = decode(key).slice(2).split("\u001f");
    return ((await call("projects.get_hyperparam_values", { projects, section, name, include_subprojects: true, page: 0, page_size: 100 })).values ?? []).map((value) => [value, value]);
  }
}
