// The comparison of tasks or models: chips on top, then one of the tabs. The address says it all.
import { list, put } from "./address.js";
import { call, literal } from "./api.js";
import { paint, seriesColour } from "./chart.js";
import { data, debounce, find, findAll, h, icon, status, url } from "./dom.js";
import { series } from "./format.js";
import { openMenu } from "./menu.js";
import { toast } from "./toast.js";

const page = data("page-data");
const models = page.kind === "model";
const hidden = new Set(list("hide"));
const LIMIT = 100;

// a colour belongs to a task; where two tasks would have the same one, the later takes the next that is free
const taken = new Set();
const numbers = new Map(page.things.map(({ id }) => {
  let at = series(id);
  for (let step = 0; step < 10 && taken.has(at); step += 1) at = (at + 1) % 10;
  taken.add(at);
  return [id, at];
}));

const colourOf = (id) => seriesColour(id, numbers.get(id));
const ids = () => page.things.map(({ id }) => id);
const swatch = (thing) => h("span", { class: "swatch", style: { background: colourOf(thing.id) } });
const pathOf = (id) => url(`/${models ? "models" : "tasks"}/${id}`);

/** What every tab works with. `redraw` is set by the tab and called when what is shown changes. */
const frame = {
  page, models, ids, colourOf, swatch, pathOf, body: find("#compare-body"), tools: find("#compare-tools"), side: find("#compare-side"), redraw: () => undefined,
  /** The things that are not hidden, in their order; of `rows` when given. */
  shown: (rows = page.things) => ids().map((id) => rows.find((row) => row.id === id)).filter((row) => row && !hidden.has(row.id)),
  /** Reads fields of all things. */
  read: async (...fields) => {
    const body = { id: ids(), search_hidden: true, only_fields: ["name", ...fields], page: 0, page_size: LIMIT };
    return models ? (await call("models.get_all_ex", body, { quiet: true })).models : (await call("tasks.get_all_ex", body, { quiet: true })).tasks;
  },
  events: models ? { model_events: true } : {},
  /** Marks the chips that a choice in a chart leaves out. */
  leaveOut: (out) => { for (const chip of findAll("#compared .chip")) chip.classList.toggle("out", out.has(chip.dataset.id)); },
};

function go(next) {
  if (next.length > LIMIT) { toast(`At most ${LIMIT} can be compared`, { kind: "error" }); return; }
  const params = new URLSearchParams(location.search);
  params.delete("ids");
  params.delete("models");
  params.delete("tab");
  const rest = params.toString();
  location.assign(url(`/compare?${models ? "models" : "ids"}=${next.join(",")}&tab=${page.tab}${rest ? `&${rest}` : ""}`));
}

function hiddenChanged() {
  put({ hide: [...hidden] });
  chips();
  frame.redraw();
}

function hide(id) {
  if (!hidden.delete(id)) hidden.add(id);
  hiddenChanged();
}

function chip(thing, index) {
  const off = hidden.has(thing.id);
  const first = index === 0 ? [] : [{ label: "Make it the first", icon: "arrow", run: () => reorder(index, 0) }, { label: "To the left", icon: "chevron-left", run: () => reorder(index, index - 1) }];
  const last = index === page.things.length - 1 ? [] : [{ label: "To the right", icon: "chevron-right", run: () => reorder(index, index + 1) }];
  return h("span", { class: `chip ${off ? "off" : ""}`, data: { id: thing.id }, draggable: "true", ondragstart: (event) => event.dataTransfer.setData("text/plain", String(index)), ondragover: (event) => event.preventDefault(), ondrop: (event) => { event.preventDefault(); reorder(Number(event.dataTransfer.getData("text/plain")), index); } },
    h("label", { class: "swatch-pick", title: "Change the colour" }, swatch(thing), h("input", { type: "color", "aria-label": `Colour of ${thing.name}`, onchange: (event) => { paint(thing.id, event.target.value); chips(); frame.redraw(); } })),
    h("a", { class: "plain clip", href: pathOf(thing.id), title: `${thing.project?.name ?? ""} / ${thing.name}`, text: thing.name }),
    h("button", { type: "button", "aria-pressed": String(!off), "aria-label": `Show ${thing.name}`, onclick: () => hide(thing.id) }, icon(off ? "eye-off" : "eye", "small")),
    h("button", { type: "button", "aria-haspopup": "menu", "aria-label": `Place of ${thing.name}`, onclick: (event) => openMenu(event.currentTarget, [...first, ...last, { label: "Show only this", icon: "eye", run: () => { for (const id of ids()) if (id !== thing.id) hidden.add(id); hidden.delete(thing.id); hiddenChanged(); } }, { label: "Usual colour", icon: "reset", run: () => { paint(thing.id, null); chips(); frame.redraw(); } }]) }, icon("dots", "small")),
    h("button", { type: "button", "aria-label": `Remove ${thing.name}`, onclick: () => go(ids().filter((id) => id !== thing.id)) }, icon("close", "small")));
}

function reorder(from, to) {
  const next = ids();
  next.splice(to, 0, ...next.splice(from, 1));
  go(next);
}

async function found(text) {
  const body = { ...(text ? { _any_: { pattern: literal(text), fields: ["id", "name"] } } : {}), page: 0, page_size: 12, order_by: ["-last_update"], only_fields: ["name", models ? "ready" : "status", "project.name"] };
  const rows = models ? (await call("models.get_all_ex", body, { quiet: true })).models : (await call("tasks.get_all_ex", body, { quiet: true })).tasks;
  return rows.filter(({ id }) => !ids().includes(id));
}

async function add(anchor) {
  const menu = openMenu(anchor, [], { search: `Find ${models ? "models" : "tasks"} by name or id…` });
  const input = find("input", menu);
  const draw = async () => {
    const text = input.value.trim();
    const rows = await found(text);
    if (input.value.trim() !== text) return;
    menu.replaceChildren(input, ...rows.map((row) => h("button", { class: "item", type: "button", role: "menuitem", onclick: () => go([...ids(), row.id]) }, !models && status(row.status), h("span", { class: "clip", text: row.name }), h("span", { class: "end muted small clip", text: row.project?.name ?? "" }))));
    input.focus();
  };
  input.oninput = null;
  input.addEventListener("input", debounce(draw, 120));
  await draw();
}

function chips() {
  const all = hidden.size > 0 && h("button", { class: "btn ghost", type: "button", text: "Show all", onclick: () => { hidden.clear(); hiddenChanged(); } });
  find("#compared").replaceChildren(...page.things.map(chip), h("button", { class: "btn ghost", type: "button", "aria-haspopup": "menu", onclick: (event) => add(event.currentTarget) }, icon("plus"), "Add"), all || "");
}

// what is hidden stays hidden in the other tabs
document.addEventListener("trackyard:address", () => {
  for (const link of findAll(".compare .tabs a")) {
    const target = new URL(link.href);
    target.searchParams.delete("hide");
    for (const id of hidden) target.searchParams.append("hide", id);
    link.href = target;
  }
});

const TABS = {
  details: async () => (await import("./compare_tables.js")).details(frame), network: async () => (await import("./compare_tables.js")).network(frame),
  parameters: async () => (await import("./compare_tables.js")).parameters(frame), values: async () => (await import("./compare_tables.js")).values(frame),
  scalars: async () => (await import("./compare_scalars.js")).scalars(frame), plots: async () => (await import("./compare_pictures.js")).plots(frame), samples: async () => (await import("./compare_pictures.js")).samples(frame),
};

chips();
document.addEventListener("trackyard:theme", () => { chips(); frame.redraw(); });
if (hidden.size) document.dispatchEvent(new CustomEvent("trackyard:address"));
if (page.things.length) await TABS[page.tab]().catch(() => undefined);
