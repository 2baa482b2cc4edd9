// The table of tasks: state in the address, rows by the page, filters as chips, selection and its actions, a panel with details.
import { ACTIONS, createTask, menuItems } from "./actions.js";
import { call, remember } from "./api.js";
import { DEFAULT, DEFAULT_ALL, bounds, column } from "./columns.js";
import { csv, data, debounce, find, h, icon, save, url } from "./dom.js";
import { Filters } from "./filters.js";
import { count } from "./format.js";
import { bind } from "./keys.js";
import { poll } from "./live.js";
import { openMenu } from "./menu.js";
import { command } from "./palette.js";
import { Cards } from "./cards.js";
import { GroupedGrid, groupings, groupsOf } from "./groups.js";
import { columnMenu, viewTabs } from "./tasks_menus.js";
import { TaskPanel } from "./task_panel.js";
import * as query from "./query.js";

const page = data("page-data");
const place = page.project?.id ?? "all";
const stored = page.preferences.tables?.[place] ?? {};
const fallback = stored.columns ?? (page.project ? DEFAULT : DEFAULT_ALL);
const state = query.read(location.search, fallback);
const widths = stored.widths ?? {};

const keyOf = (key) => key.replaceAll(".", "%2E");
const chosen = () => state.columns.map(column).filter(Boolean).map((item) => Object.assign(item, widths[keyOf(item.key)] && { width: widths[keyOf(item.key)] }));

const fields = () => [...new Set(["name", "status", "tags", "system_tags", "type", "last_change", ...grid.columns.flatMap((item) => item.fields)])];

const source = {
  async load(number, size, signal, more = {}) {
    const body = { ...query.body(state, page.project?.id), ...more, only_fields: fields(), page: number, page_size: size };
    const { tasks } = await call("tasks.get_all_ex", body, { signal });
    queueMicrotask(scale);
    return tasks;
  },
  async total() {
    const { order_by: _, ...filters } = query.body(state, page.project?.id);
    return (await call("organization.get_entities_count", { tasks: filters, search_hidden: false })).tasks;
  },
};

const grid = new GroupedGrid(find("#grid"), {
  source, label: page.project ? `Tasks of ${page.project.name}` : "Tasks", columns: chosen(),
  on: {
    open: (row) => location.assign(url(`/tasks/${row.id}`)),
    current: (row) => { state.panel = row.id; keep(); panel.show(row); },
    menu: (row, cell) => openMenu(cell, rowMenu(grid.selected.has(row.id) ? [...grid.selected.values()] : [row])),
    select: showSelection, all: selectAll, sort: sortBy, layout: layoutChanged,
  },
});
const cards = new Cards(find("#cards"), {
  body: () => query.body(state, page.project?.id), current: (row) => { state.panel = row.id; keep(); panel.show(row); }, select: showSelection,
});
const chosenRows = () => [...(state.view === "cards" ? cards : grid).selected.values()];
const choose = (rows) => (state.view === "cards" ? cards : grid).choose(rows);
const panel = new TaskPanel(find("#panel"), { close: () => { state.panel = ""; keep(); } });
const filters = new Filters(find("#chips"), find("#add-filter"), { state, page, changed });

/** The menu of a row, or of all that are selected when it is one of them. */
function rowMenu(rows) {
  const [row] = rows;
  const links = rows.length > 1 ? [] : [{ label: "Open", icon: "arrow", href: url(`/tasks/${row.id}`) }, { label: "Its page in a new tab", icon: "external", run: () => window.open(url(`/tasks/${row.id}`)) }, ...(row.last_worker ? [{ label: "Its worker", icon: "worker", href: url(`/workers?id=${encodeURIComponent(row.last_worker)}`) }] : []), "-"];
  return [...links, ...menuItems(rows)];
}

function scale() {
  const rows = grid.rows().filter(Boolean);
  bounds(grid.columns, rows);
  grid.version = {};
  grid.draw();
}

function keep() {
  history.replaceState(null, "", location.pathname + query.write(state, fallback));
}

let turn = 0;
let asking = null;
let total = 0;

/** Reads the query anew; an answer that comes after the next question is dropped. */
async function load() {
  const mine = ++turn;
  grid.setOrder(state.order);
  find("#grid").hidden = state.view === "cards";
  find("#cards").hidden = state.view !== "cards";
  let few;
  if (state.view === "cards") await cards.reset();
  else if (state.group) {
    const groups = await groupsOf(state.group, page, query.body(state, page.project?.id));
    if (mine !== turn) return;
    grid.reset();
    grid.regroup(groups);
  } else few = await rows(mine);
  // counting comes after the rows, which are waited for; when they are all there, it is known
  const found = few ?? await source.total();
  if (mine !== turn) return;
  total = found;
  if (state.view === "table" && !state.group) grid.setTotal(total);
  showCount();
  showNothing();
}

/** Shows the first rows at once; says how many there are when these are all. */
async function rows(mine) {
  asking?.abort();
  asking = new AbortController();
  const first = await source.load(0, 100, asking.signal);
  if (mine !== turn) return undefined;
  grid.regroup(null);
  grid.reset({ first, total: first.length < 100 ? first.length : Math.max(100, grid.total) });
  scale();
  return first.length < 100 ? first.length : undefined;
}

function showNothing() {
  const place = find(state.view === "cards" ? "#cards" : "#grid");
  for (const note of document.querySelectorAll(".nothing")) note.remove();
  if (total) return;
  place.append(h("div", { class: "empty nothing" }, h("h2", { text: filtered() ? "No task fits the filter" : "No task here yet" }), filtered() ? h("button", { class: "btn", text: "Clear the filter", onclick: clear }) : h("p", { text: "Run a script with Task.init(), or make a draft with “New task”." })));
}

const filtered = () => Boolean(state.q || state.filters.length);

function clear() {
  state.q = "";
  find("#search").value = "";
  state.filters.length = 0;
  changed();
}

async function changed() {
  keep();
  filters.draw();
  await load().catch(() => undefined);
}

function showCount() {
  const some = chosenRows().length;
  find("#count").textContent = some ? `${count(some, "task")} of ${total.toLocaleString("en-US")} selected` : count(total, "task");
}

function showSelection(rows) {
  showCount();
  const box = find("#selection");
  if (!rows.length) return box.replaceChildren();
  const items = menuItems(rows);
  const main = items.filter(({ name, disabled }) => ["enqueue", "abort", "reset", "tags", "archive", "restore", "delete"].includes(name) && !disabled);
  box.replaceChildren(
    rows.length > 1 ? h("a", { class: "btn", href: url(`/compare?ids=${rows.map(({ id }) => id).slice(0, 100).join(",")}`) }, icon("compare"), "Compare") : "",
    ...main.map((item) => h("button", { class: `btn ${item.danger ? "danger" : ""}`, type: "button", onclick: () => item.run() }, icon(item.icon), `${item.label}${item.end ? ` (${item.end})` : ""}`)),
    h("button", { class: "btn ghost square", type: "button", "aria-label": "More actions", "aria-haspopup": "menu", onclick: (event) => openMenu(event.currentTarget, items) }, icon("dots")),
    h("button", { class: "btn ghost", type: "button", text: "Clear", onclick: () => choose([]) }));
  return undefined;
}

const STEP = 5000;

/** Selects every row of the query, read in the greatest steps that a scroll takes. */
async function selectAll(on) {
  if (!on) return grid.choose([]);
  const rows = [];
  const body = { ...query.body(state, page.project?.id), only_fields: ["name", "status", "tags", "system_tags"], size: STEP, scroll_id: null };
  while (rows.length < total) {
    const { tasks, scroll_id: scroll } = await call("tasks.get_all_ex", body);
    rows.push(...tasks);
    body.scroll_id = scroll;
    if (tasks.length < STEP) break;
  }
  return grid.choose(rows);
}

function sortBy(field, add) {
  const at = state.order.findIndex((key) => key.replace(/^-/, "") === field);
  const next = at >= 0 && !state.order[at].startsWith("-") ? `-${field}` : field;
  const first = at < 0 && /^last_|started|active|last_metrics/.test(field) ? `-${field}` : next;
  if (add) state.order = at >= 0 ? state.order.with(at, first) : [...state.order, first];
  else state.order = [first];
  changed();
}

const saveLayout = debounce(() => {
  remember({ tables: { [place]: { columns: state.columns, widths } } });
}, 600);

function layoutChanged(columns) {
  state.columns = columns.map(({ key }) => key);
  for (const item of columns) if (item.width !== column(item.key)?.width) widths[keyOf(item.key)] = item.width;
  keep();
  saveLayout();
}

/** Shows other columns and reads the rows again. */
function setColumns(keys) {
  state.columns = keys;
  grid.setColumns(chosen());
  saveLayout();
  changed();
}

function download() {
  const rows = grid.rows().filter(Boolean);
  const cell = (item, row) => { const value = item.value?.(row) ?? item.render(row); return value instanceof Node ? value.textContent : value; };
  save("tasks.csv", csv([grid.columns.map(({ title }) => title), ...rows.map((row) => grid.columns.map((item) => cell(item, row)))]), "text/csv");
}

async function downloadAll() {
  const { prepare_id: id } = await call("organization.prepare_download_for_get_all", {
    entity_type: "task", ...query.body(state, page.project?.id), only_fields: ["name", ...fields()],
    field_mappings: grid.columns.map((item) => ({ name: item.title, field: item.fields[0] })),
  });
  location.assign(url(`/api/organization.download_for_get_all?prepare_id=${id}`));
}

/** Looks for the text of the field; a pattern that can't be read is marked and not sent. */
function search() {
  const box = find("#search");
  const text = box.value.trim();
  try {
    new RegExp(state.regex ? text : "");
    box.removeAttribute("aria-invalid");
    box.title = "";
  } catch (problem) {
    box.setAttribute("aria-invalid", "true");
    box.title = problem.message;
    return;
  }
  state.q = text;
  changed();
}

function toggle(button, key, value) {
  if (!button) return;
  button.setAttribute("aria-pressed", String(value));
  button.addEventListener("click", () => {
    state[key] = !state[key];
    button.setAttribute("aria-pressed", String(state[key]));
    changed();
  });
}

function compare() {
  const rows = chosenRows().map(({ id }) => id);
  if (rows.length > 1) location.assign(url(`/compare?ids=${rows.slice(0, 100).join(",")}`));
}

find("#search").value = state.q;
find("#search").addEventListener("input", debounce(search, 30));
find("#regex").setAttribute("aria-pressed", String(state.regex));
find("#regex").addEventListener("click", (event) => { state.regex = !state.regex; event.currentTarget.setAttribute("aria-pressed", String(state.regex)); search(); });
find("#search").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") find("#grid").focus(); });
toggle(find("#deep"), "deep", state.deep);
toggle(find("#archived"), "archived", state.archived);
find("#columns").addEventListener("click", (event) => columnMenu(event.currentTarget, { state, page, setColumns }));
const viewsOpen = viewTabs(find("#view-tabs"), { place, write: () => query.write({ ...state, panel: "" }, []) });
find("#views").addEventListener("click", async (event) => { const anchor = event.currentTarget; (await viewsOpen)(anchor); });
function showForm() {
  find("#form-cards").setAttribute("aria-pressed", String(state.view === "cards"));
  find("#form-table").setAttribute("aria-pressed", String(state.view === "table"));
  find("#group span").textContent = state.group ? `By ${(groupings(state.columns).find(([key]) => key === state.group)?.[1] ?? "group").toLowerCase()}` : "Group";
  find("#group").setAttribute("aria-pressed", String(Boolean(state.group)));
  find("#group").disabled = state.view === "cards";
}
for (const view of ["cards", "table"]) find(`#form-${view}`).addEventListener("click", () => { choose([]); state.view = view; showForm(); changed(); });
find("#group").addEventListener("click", (event) => openMenu(event.currentTarget, [["", "No groups"], ...groupings(state.columns)].map(([key, label]) => ({ label, checked: state.group === key, run: () => { state.group = key; showForm(); changed(); } }))));
showForm();
find("#more").addEventListener("click", (event) => openMenu(event.currentTarget, [
  { label: "Download these rows as CSV", icon: "download", run: download }, { label: "Download all as CSV", icon: "download", run: downloadAll },
  { label: "Copy a link to this table", icon: "link", run: () => navigator.clipboard.writeText(location.origin + location.pathname + query.write(state, [])) },
]));
find("#new-task").addEventListener("click", () => createTask(page.project));
command("New task", () => createTask(page.project), "plus");

for (const key of ["j", "k", "x"]) bind(key, { j: "Next row", k: "Previous row", x: "Select the row" }[key], (event) => grid.key({ key: event.key, target: grid.root, preventDefault() {}, stopPropagation() {} }));
bind("Enter", "Open the row", (event) => grid.key({ key: event.key, target: grid.root, preventDefault() {}, stopPropagation() {} }));
bind("c", "Compare the selected", compare);
for (const action of ACTIONS.filter(({ one }) => !one)) command(`${action.label.replace("…", "")} selected tasks`, () => { const fit = chosenRows().filter(action.allowed); if (fit.length) action.run(fit); }, action.icon);

async function refresh() {
  if (state.view === "cards") await cards.refresh();
  else { await grid.refresh(); scale(); }
  if (state.view === "table" && !state.group) total = grid.total;
  showCount();
  panel.refresh();
}

document.addEventListener("trackyard:changed", () => { choose([]); if (state.group || state.view === "cards") load(); else refresh(); });
filters.draw();
grid.skeleton(24);
changed().then(() => { if (state.panel) panel.showId(state.panel); });
poll(refresh, 5000);
