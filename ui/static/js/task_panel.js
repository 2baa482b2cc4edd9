// The panel at the right of the table: what a row is about and its curves, without leaving the table.
import { menuItems } from "./actions.js";
import { call } from "./api.js";
import { h, icon, status, url } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { openMenu } from "./menu.js";
import { curveCards } from "./thumbnails.js";

const FIELDS = ["name", "status", "type", "tags", "system_tags", "project.name", "user.name", "started", "last_update", "active_duration", "last_iteration", "last_worker", "comment", "last_metrics", "hyperparams", "parent.name", "status_message"];

const fact = (name, value) => (value ? [h("dt", { text: name }), h("dd", {}, value)] : []);

/** The panel in `root`. */
export class TaskPanel {
  constructor(root, { close }) {
    Object.assign(this, { root, closed: close, id: null });
    root.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  close() {
    this.id = null;
    this.root.hidden = true;
    this.root.replaceChildren();
    this.closed();
  }

  show(row) { return this.showId(row.id); }

  async showId(id) {
    this.id = id;
    const task = await this.read(id);
    if (!task || this.id !== id) return;
    this.task = task;
    this.facts = h("div");
    this.curves = h("div", { class: "stack" });
    const actions = h("button", { class: "btn ghost square", type: "button", "aria-label": "Actions", "aria-haspopup": "menu", onclick: (event) => openMenu(event.currentTarget, menuItems([this.task])) }, icon("dots"));
    this.root.replaceChildren(
      h("header", {}, h("div", { class: "grow" }, h("h2", {}, h("a", { class: "plain", href: url(`/tasks/${id}`), text: task.name })), h("div", { class: "row small muted" }, task.project?.name ?? "")),
        h("a", { class: "btn ghost square", href: url(`/tasks/${id}`), "aria-label": "Open the page of the task" }, icon("expand")), actions,
        h("button", { class: "btn ghost square", type: "button", "aria-label": "Close the details", onclick: () => this.close() }, icon("close"))),
      h("div", { class: "inner" }, this.facts, h("h3", { class: "panel-title", text: "Curves" }), this.curves, h("h3", { class: "panel-title", text: "Parameters" }), parameters(task)));
    this.root.hidden = false;
    this.drawFacts();
    this.cards = await curveCards(this.curves, task, 6);
  }

  async read(id) {
    const { tasks } = await call("tasks.get_all_ex", { id: [id], search_hidden: true, only_fields: FIELDS });
    return tasks[0];
  }

  async refresh() {
    if (!this.id || this.root.hidden) return;
    const task = await this.read(this.id);
    if (!task || task.id !== this.id || task.last_update === this.task?.last_update) return;
    this.task = task;
    this.drawFacts();
    this.cards?.refresh();
  }

  drawFacts() {
    const task = this.task;
    this.facts.replaceChildren(h("dl", { class: "facts" },
      fact("Status", status(task.status)), fact("Message", task.status_message), fact("Started", task.started && ago(task.started)), fact("Duration", duration(task.active_duration)),
      fact("Iteration", number(task.last_iteration)), fact("User", task.user?.name), fact("Worker", task.last_worker), fact("Parent", task.parent?.name && h("a", { href: url(`/tasks/${task.parent.id}`), text: task.parent.name })), fact("Description", task.comment)));
  }
}

function parameters(task) {
  const rows = Object.entries(task.hyperparams ?? {}).filter(([section]) => section !== "properties").flatMap(([section, items]) => Object.entries(items).map(([name, item]) => [`${section}/${name}`, item.value]));
  if (!rows.length) return h("p", { class: "muted", text: "None connected." });
  return h("dl", { class: "facts" }, rows.slice(0, 60).map(([name, value]) => [h("dt", { text: name }), h("dd", { class: "mono", text: value })]));
}
