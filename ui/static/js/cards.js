// Tasks as cards with a picture: more are read when the end comes into view.
import { call } from "./api.js";
import { h, status, url } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { pictures } from "./pictures.js";

const SIZE = 40;
const FIELDS = ["name", "status", "type", "tags", "system_tags", "project.name", "user.name", "started", "last_update", "active_duration", "last_iteration", "runtime.progress", "last_metrics", "comment"];

/** The cards in `root`. `body()` gives the query, `current(row)` is told when a card is chosen, `select(rows)` when boxes change. */
export class Cards {
  constructor(root, { body, current, select }) {
    Object.assign(this, { root, body, current, selected: new Map(), nodes: new Map() });
    this.tell = () => select([...this.selected.values()]);
    this.list = h("div", { class: "task-cards" });
    this.end = h("div", { class: "cards-end" });
    root.replaceChildren(this.list, this.end);
    new IntersectionObserver((entries) => { if (entries.some(({ isIntersecting }) => isIntersecting)) this.more(); }, { root, rootMargin: "600px" }).observe(this.end);
  }

  /** Reads from the start. */
  async reset() {
    this.number = 0;
    this.done = false;
    this.turn = (this.turn ?? 0) + 1;
    this.nodes.clear();
    this.list.replaceChildren();
    await this.more();
  }

  async more() {
    if (this.done || this.busy === this.turn || this.turn === undefined) return;
    const turn = this.turn;
    this.busy = turn;
    const { tasks } = await call("tasks.get_all_ex", { ...this.body(), only_fields: FIELDS, page: this.number, page_size: SIZE });
    if (turn !== this.turn) return;
    this.busy = 0;
    this.number += 1;
    this.done = tasks.length < SIZE;
    this.add(tasks.filter(({ id }) => !this.nodes.has(id)));
  }

  add(tasks) {
    const boxes = new Map(tasks.map((task) => [task.id, h("div", { class: "picture" })]));
    for (const task of tasks) {
      this.nodes.set(task.id, { task, picture: boxes.get(task.id), node: this.card(task, boxes.get(task.id)) });
      this.list.append(this.nodes.get(task.id).node);
    }
    pictures(tasks, boxes);
  }

  card(task, picture) {
    const box = h("input", { type: "checkbox", checked: this.selected.has(task.id), "aria-label": `Select ${task.name}`, onchange: () => { if (box.checked) this.selected.set(task.id, task); else this.selected.delete(task.id); node.classList.toggle("chosen", box.checked); this.tell(); } });
    const node = h("article", { class: `task-card ${box.checked ? "chosen" : ""}`, data: { id: task.id }, onclick: (event) => { if (!event.target.closest("a, input")) this.current(task); } },
      h("header", { class: "row" }, box, h("h3", { class: "grow clip" }, h("a", { class: "plain", href: url(`/tasks/${task.id}`), title: task.name, text: task.name })), status(task.status)),
      picture,
      h("div", { class: "row small muted" }, h("span", { class: "clip grow", title: task.project?.name, text: task.project?.name ?? "" }), task.runtime?.progress !== undefined && task.status === "in_progress" && h("progress", { max: "100", value: String(task.runtime.progress), "aria-label": `Progress of ${task.name}` })),
      h("footer", { class: "row small muted" }, h("span", { class: "clip grow", text: [task.user?.name, ago(task.last_update)].filter(Boolean).join(" · ") }), h("span", { class: "nowrap", text: [task.last_iteration ? `it. ${number(task.last_iteration)}` : "", duration(task.active_duration)].filter(Boolean).join(" · ") })),
      (task.tags ?? []).length > 0 && h("div", { class: "tags" }, task.tags.slice(0, 4).map((tag) => h("span", { class: "tag", title: tag, text: tag }))));
    return node;
  }

  /** Replaces the selection. */
  choose(rows) {
    this.selected = new Map(rows.map((row) => [row.id, row]));
    for (const { node, task } of this.nodes.values()) { node.classList.toggle("chosen", this.selected.has(task.id)); node.querySelector("input").checked = this.selected.has(task.id); }
    this.tell();
  }

  /** Reads again what is shown and redraws what changed. */
  async refresh() {
    const ids = [...this.nodes.keys()];
    if (!ids.length) return this.more();
    const { tasks } = await call("tasks.get_all_ex", { id: ids.slice(0, 500), search_hidden: true, only_fields: FIELDS, page: 0, page_size: 500 }, { quiet: true });
    const changed = tasks.filter((task) => task.last_update !== this.nodes.get(task.id)?.task.last_update);
    for (const task of changed) {
      const entry = this.nodes.get(task.id);
      const next = this.card(task, entry.picture);
      entry.node.replaceWith(next);
      Object.assign(entry, { task, node: next });
    }
    return pictures(changed, new Map(changed.map(({ id }) => [id, this.nodes.get(id).picture])));
  }
}
