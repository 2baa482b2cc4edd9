// A grid of rows of equal height: only rows in view are in the page, and rows are read in pages when they come into view.
import { h, icon } from "./dom.js";

export const ROW = 32;
export const PAGE = 100;
const SPARE = 8;

/**
 * A virtual grid in `root`. `source` has `load(page, size, signal)` → rows (objects with `id`), `total()` → how many there are.
 * A column is {key, title, width, num, sort, fixed, render(row) → node or text}. Callbacks: `open(row)`, `select(selection)`,
 * `current(row)`, `menu(row, cell)` (a right click), `sort(key, add)`, `layout(columns)` (after a resize or a move).
 */
export class Grid {
  constructor(root, { source, columns, label, on = {} }) {
    Object.assign(this, { root, source, columns, on, pages: new Map(), waiting: new Map(), total: 0, drawn: new Map(), selected: new Map(), at: -1, anchor: -1, order: [] });
    this.head = h("div", { class: "head", role: "row" });
    this.space = h("div", { class: "space", role: "rowgroup" });
    root.classList.add("grid");
    for (const [name, value] of Object.entries({ role: "grid", tabindex: "0", "aria-label": label, "aria-multiselectable": "true" })) root.setAttribute(name, value);
    root.replaceChildren(h("div", { role: "rowgroup", class: "head-group" }, this.head), this.space);
    root.addEventListener("scroll", () => this.draw(), { passive: true });
    root.addEventListener("keydown", (event) => this.key(event));
    this.space.addEventListener("click", (event) => this.click(event));
    this.space.addEventListener("contextmenu", (event) => this.reach(event, (row) => { if (this.on.menu && !event.target.closest("a")) { event.preventDefault(); this.on.menu(row, event.target.closest(".c")); } }));
    this.space.addEventListener("dblclick", (event) => this.reach(event, (row) => this.on.open?.(row)));
    new ResizeObserver(() => this.draw()).observe(root);
    this.setColumns(columns);
  }

  /** Shows other columns. */
  setColumns(columns) {
    this.columns = columns;
    this.width = 36 + columns.reduce((sum, column) => sum + column.width, 0);
    this.root.setAttribute("aria-colcount", String(columns.length + 1));
    this.drawHead();
    this.forget();
  }

  /** Shows the order: a list of field names, "-" first for descending. */
  setOrder(order) {
    this.order = order;
    this.drawHead();
  }

  /** Starts anew: another query. `first` may hold the rows of the first page and `total` their number. */
  reset({ first = null, total = 0, keep = false } = {}) {
    for (const request of this.waiting.values()) request.abort();
    this.waiting.clear();
    this.pages.clear();
    this.idle = false;
    if (!keep) { this.at = -1; this.root.scrollTop = 0; }
    if (first) this.pages.set(0, first);
    this.setTotal(total);
  }

  /** Shows empty rows until the first `reset`. */
  skeleton(rows) {
    this.idle = true;
    this.setTotal(rows);
  }

  setTotal(total) {
    this.total = total;
    this.space.style.height = `${total * ROW}px`;
    this.root.setAttribute("aria-rowcount", String(total + 1));
    this.draw();
  }

  /** The row at an index, if it has been read. */
  row(index) {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** All rows that have been read. */
  rows() {
    return [...this.pages.entries()].sort(([left], [right]) => left - right).flatMap(([, rows]) => rows);
  }

  /** Reads the pages in view again and shows what changed. */
  async refresh() {
    const [from, to] = this.range();
    const pages = [];
    for (let page = Math.floor(from / PAGE); page <= Math.floor(Math.max(from, to - 1) / PAGE); page += 1) pages.push(page);
    for (const page of this.pages.keys()) if (!pages.includes(page)) this.pages.delete(page);
    const [total, ...read] = await Promise.all([this.source.total(), ...pages.map((page) => this.source.load(page, PAGE))]);
    pages.forEach((page, index) => this.pages.set(page, read[index]));
    this.setTotal(total);
  }

  range() {
    const top = Math.max(0, Math.floor(this.root.scrollTop / ROW) - SPARE);
    return [top, Math.min(this.total, Math.ceil((this.root.scrollTop + this.root.clientHeight) / ROW) + SPARE)];
  }

  forget() {
    for (const { node } of this.drawn.values()) node.remove();
    this.drawn.clear();
    this.draw();
  }

  draw() {
    const [from, to] = this.range();
    for (const [index, { node }] of this.drawn) {
      if (index < from || index >= to) { node.remove(); this.drawn.delete(index); }
    }
    for (let index = from; index < to; index += 1) this.drawRow(index);
    this.space.style.width = `${this.width}px`;
    this.on.drawn?.(from, to);
  }

  /** Asks for the row at an index, which is in view and has not been read. */
  need(index) {
    this.fetch(Math.floor(index / PAGE));
  }

  drawRow(index) {
    const row = this.row(index);
    if (!row) this.need(index);
    const text = row ? JSON.stringify(row) : "";
    const before = this.drawn.get(index);
    const marks = `${row && this.selected.has(row.id)}${index === this.at}`;
    if (before && before.text === text && before.version === this.version && before.marks === marks) return;
    const node = row ? this.rowNode(row, index) : this.ghostNode(index);
    if (before) before.node.replaceWith(node);
    else this.space.append(node);
    this.drawn.set(index, { node, text, marks, version: this.version });
  }

  rowNode(row, index) {
    const chosen = this.selected.has(row.id);
    const box = h("input", { type: "checkbox", tabindex: "-1", checked: chosen, "aria-label": `Select ${row.name ?? row.id}` });
    const cells = this.columns.map((column) => {
      const content = column.render(row);
      return h("div", { class: `c ${column.num ? "num" : ""} ${column.kind ?? ""} ${column.best?.(row) ? "best" : ""}`, role: "gridcell", style: { width: `${column.width}px` } },
        typeof content === "object" ? content : h("span", { class: "clip", title: content, text: content }));
    });
    return h("div", { class: `r ${index === this.at ? "current" : ""}`, role: "row", "aria-rowindex": String(index + 2), "aria-selected": String(chosen), data: { index, id: row.id }, style: { transform: `translateY(${index * ROW}px)`, width: `${this.width}px` } },
      h("div", { class: "c check", role: "gridcell", style: { width: "36px" } }, box), cells);
  }

  ghostNode(index) {
    return h("div", { class: "r", role: "row", "aria-rowindex": String(index + 2), style: { transform: `translateY(${index * ROW}px)`, width: `${this.width}px` } },
      h("div", { class: "c", role: "gridcell", style: { width: "240px" } }, h("span", { class: "ghost" }), h("span", { class: "sr", text: "Loading" })));
  }

  async fetch(page) {
    if (this.idle || this.waiting.has(page) || this.pages.has(page)) return;
    const request = new AbortController();
    this.waiting.set(page, request);
    try {
      const rows = await this.source.load(page, PAGE, request.signal);
      if (this.waiting.get(page) === request) this.pages.set(page, rows);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.pages.set(page, []);
    } finally {
      if (this.waiting.get(page) === request) this.waiting.delete(page);
    }
    this.draw();
  }

  drawHead() {
    const all = h("input", { type: "checkbox", "aria-label": "Select all rows", checked: this.selected.size > 0 && this.selected.size >= this.total, onclick: () => this.on.all?.(all.checked) });
    this.head.style.width = `${this.width}px`;
    this.head.replaceChildren(h("div", { class: "c check", role: "columnheader", style: { width: "36px" } }, all), ...this.columns.map((column) => this.headCell(column)));
  }

  headCell(column) {
    const field = column.sort;
    const place = this.order.findIndex((key) => key.replace(/^-/, "") === field);
    const down = place >= 0 && this.order[place].startsWith("-");
    const cell = h("div", { class: `h ${column.num ? "num" : ""}`, role: "columnheader", data: { key: column.key }, draggable: column.fixed ? undefined : "true", style: { width: `${column.width}px` }, title: column.hint ?? column.title, "aria-sort": field && place >= 0 ? (down ? "descending" : "ascending") : undefined });
    cell.append(h("button", { class: "sort", type: "button", onclick: (event) => field && this.on.sort?.(field, event.shiftKey) }, h("span", { class: "clip", text: column.title }), place >= 0 && icon(down ? "sort-down" : "sort-up", "small"), place > 0 && h("span", { class: "small", text: String(place + 1) })));
    cell.append(h("span", { class: "grip", onpointerdown: (event) => this.resize(event, column) }));
    if (!column.fixed) this.drag(cell, column);
    return cell;
  }

  resize(event, column) {
    event.preventDefault();
    const start = event.clientX - column.width;
    const grip = event.target;
    grip.setPointerCapture(event.pointerId);
    const move = (next) => {
      column.width = Math.max(48, next.clientX - start);
      this.width = 36 + this.columns.reduce((sum, { width }) => sum + width, 0);
      grip.parentElement.style.width = `${column.width}px`;
      this.head.style.width = `${this.width}px`;
      this.version = {};
      this.draw();
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", () => { grip.removeEventListener("pointermove", move); this.on.layout?.(this.columns); }, { once: true });
  }

  drag(cell, column) {
    cell.addEventListener("dragstart", (event) => { if (event.target !== cell) return; this.dragged = column; event.dataTransfer.effectAllowed = "move"; });
    cell.addEventListener("dragover", (event) => { if (this.dragged) { event.preventDefault(); cell.classList.add("drop"); } });
    cell.addEventListener("dragleave", () => cell.classList.remove("drop"));
    cell.addEventListener("drop", (event) => {
      event.preventDefault();
      const rest = this.columns.filter((other) => other !== this.dragged);
      rest.splice(rest.indexOf(column), 0, this.dragged);
      this.dragged = null;
      this.setColumns(rest);
      this.on.layout?.(rest);
    });
  }

  reach(event, run) {
    const node = event.target.closest(".r[data-index]");
    const row = node && this.row(Number(node.dataset.index));
    if (row) run(row, Number(node.dataset.index));
  }

  click(event) {
    if (event.target.closest("a, button")) return;
    this.reach(event, (row, index) => {
      if (event.target.closest(".check")) {
        if (event.shiftKey && this.anchor >= 0) this.between(this.anchor, index);
        else this.toggle(row, index);
      } else if (event.ctrlKey || event.metaKey) this.toggle(row, index);
      else this.go(index);
    });
  }

  toggle(row, index) {
    if (this.selected.has(row.id)) this.selected.delete(row.id);
    else this.selected.set(row.id, row);
    this.anchor = index;
    this.changed();
  }

  between(from, to) {
    for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
      const row = this.row(index);
      if (row) this.selected.set(row.id, row);
    }
    this.changed();
  }

  /** Replaces the selection by rows. */
  choose(rows) {
    this.selected = new Map(rows.map((row) => [row.id, row]));
    this.changed();
  }

  changed() {
    this.drawHead();
    this.draw();
    this.on.select?.([...this.selected.values()]);
  }

  /** Makes the row at `index` the current one. */
  go(index, tell = true) {
    this.at = Math.max(0, Math.min(this.total - 1, index));
    const top = this.at * ROW;
    const view = this.root.clientHeight - ROW * 2;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (top > this.root.scrollTop + view) this.root.scrollTop = top - view;
    this.draw();
    if (tell && this.row(this.at)) this.on.current?.(this.row(this.at));
  }

  key(event) {
    if (event.target !== this.root && !event.target.closest(".space")) return;
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW) - 2);
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const row = this.row(this.at);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.go(this.at + steps[event.key]);
    else if (event.key === "Enter" && row && event.target === this.root) this.on.open?.(row);
    else if ((event.key === "x" || event.key === " ") && row) this.toggle(row, this.at);
    else if (event.key === "Escape") this.choose([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
