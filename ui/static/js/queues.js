// The page of queues: order by dragging or by keys, moving and taking out tasks; making, renaming, clearing, deleting queues.
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { data, find, findAll } from "./dom.js";
import "./elapsed.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { openMenu } from "./menu.js";
import { command } from "./palette.js";
import { timeCharts } from "./time_charts.js";
import { toast } from "./toast.js";

const cardOf = (element) => element.closest("[data-queue]");
const say = (text) => { find("#queue-said").textContent = text; };

/** Moves a task by `places` (negative: to the front) and says where it is. */
async function shift(row, places) {
  if (!places) return;
  const { queue, name } = cardOf(row).dataset;
  const { task, title } = row.dataset;
  const forward = places < 0;
  const { position } = await call(forward ? "queues.move_task_forward" : "queues.move_task_backward", { queue, task, count: Math.abs(places) });
  await refresh();
  say(`${title} is number ${position + 1} in ${name}`);
  find(`[data-queue="${queue}"] [data-task="${task}"] [data-handle]`)?.focus();
}

async function toEnd(row, end) {
  const { queue } = cardOf(row).dataset;
  await call(`queues.move_task_to_${end}`, { queue, task: row.dataset.task });
  await refresh();
  say(`${row.dataset.title} is at the ${end} of ${cardOf(row)?.dataset.name ?? "the queue"}`);
}

async function takeOut(row) {
  const { queue, name } = cardOf(row).dataset;
  const { task, title } = row.dataset;
  await call("tasks.dequeue", { task });
  await refresh();
  toast(`Took “${title}” out of ${name}`, { kind: "done", undo: async () => { await call("tasks.enqueue", { task, queue }); await refresh(); } });
}

async function toQueue(row, target) {
  const { task, title } = row.dataset;
  await call("queues.add_task", { queue: target.id, task, update_execution_queue: true });
  await refresh();
  toast(`Moved “${title}” to ${target.name}`, { kind: "done" });
}

function others(row, anchor) {
  const here = cardOf(row).dataset.queue;
  const targets = data("queue-names").filter((queue) => queue.id !== here);
  const toNew = async () => { const made = await create(); if (made) await toQueue(row, made); };
  openMenu(anchor, [...targets.map((queue) => ({ label: queue.name, icon: "queue", run: () => toQueue(row, queue) })), { label: "New queue…", icon: "plus", run: toNew }], { search: "Queue" });
}

function entryMenu(button) {
  const row = button.closest("[data-task]");
  openMenu(button, [
    { label: "Move to the front", icon: "sort-up", run: () => toEnd(row, "front") }, { label: "Move to the back", icon: "sort-down", run: () => toEnd(row, "back") },
    { label: "Move up", run: () => shift(row, -1) }, { label: "Move down", run: () => shift(row, 1) }, "-",
    { label: "Move to another queue…", icon: "queue", run: () => others(row, button) },
    { label: "Take out of the queue", icon: "close", danger: true, run: () => takeOut(row) },
  ]);
}

/** Asks for a name and makes the queue: {id, name}, or null. */
async function create() {
  const made = await ask({
    title: "New queue", action: "Create", fields: [{ name: "name", label: "Name", required: true, help: "Agents listen to it by this name." }, { name: "display_name", label: "Shown as", help: "Empty: the name." }],
    submit: async ({ name, display_name }) => ({ name, ...(await call("queues.create", { name, ...(display_name && { display_name }) }, { quiet: true })) }),
  });
  if (made) await refresh();
  return made;
}

async function rename({ id, name, display }) {
  const done = await ask({
    title: "Rename", action: "Save", fields: [{ name: "name", label: "Name", value: name, required: true, help: "Agents that listen to the old name no longer find it." }, { name: "display_name", label: "Shown as", value: display }],
    submit: (values) => call("queues.update", { queue: id, name: values.name, display_name: values.display_name }, { quiet: true }),
  });
  if (done) await refresh();
}

async function clear({ id, name, waiting }) {
  const agreed = await confirm({ title: `Empty “${name}”?`, action: `Take out ${count(Number(waiting), "task")}`, danger: true, text: `${count(Number(waiting), "task")} will no longer wait and go back to the status they had before.` });
  if (!agreed) return;
  await call("queues.clear_queue", { queue: id });
  await refresh();
  toast(`Emptied ${name}`, { kind: "done" });
}

async function remove({ id, name, waiting }) {
  const text = Number(waiting) ? `${count(Number(waiting), "task")} wait in it and will go back to the status they had before.` : "Nothing waits in it.";
  if (!(await confirm({ title: `Delete “${name}”?`, action: "Delete queue", danger: true, text: `${text} Agents that listen to it will find nothing.` }))) return;
  await call("queues.delete", { queue: id, force: Number(waiting) > 0 });
  await refresh();
  toast(`Deleted ${name}`, { kind: "done" });
}

function queueMenu(button) {
  const queue = button.dataset;
  openMenu(button, [
    { label: "Rename…", icon: "edit", run: () => rename(queue) }, { label: "Copy the id", icon: "copy", run: () => navigator.clipboard.writeText(queue.id) }, "-",
    { label: "Empty…", icon: "reset", disabled: queue.waiting === "0", danger: true, run: () => clear(queue) }, { label: "Delete…", icon: "trash", danger: true, run: () => remove(queue) },
  ]);
}

const ignore = () => undefined; // the toast has told it
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-entry-menu], [data-queue-menu], [data-new-queue]");
  if (!button) return;
  if (button.matches("[data-entry-menu]")) entryMenu(button);
  else if (button.matches("[data-queue-menu]")) queueMenu(button);
  else create();
});
document.addEventListener("keydown", (event) => {
  const places = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!places || !event.target.matches("[data-handle]")) return;
  event.preventDefault();
  shift(event.target.closest("[data-task]"), places).catch(ignore);
});

let dragged = null;
const clean = () => { for (const row of findAll(".drop-before, .drop-after")) row.classList.remove("drop-before", "drop-after"); };
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("tr[data-task]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.task);
});
document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("tr[data-task]");
  clean();
  if (!over || cardOf(over) !== cardOf(dragged)) return;
  event.preventDefault();
  if (over !== dragged) over.classList.add(Number(over.dataset.place) < Number(dragged.dataset.place) ? "drop-before" : "drop-after");
});
document.addEventListener("drop", (event) => {
  const over = dragged && event.target.closest?.("tr[data-task]");
  clean();
  if (!over || cardOf(over) !== cardOf(dragged)) return;
  event.preventDefault();
  shift(dragged, Number(over.dataset.place) - Number(dragged.dataset.place)).catch(ignore);
});
document.addEventListener("dragend", () => { clean(); dragged = null; });
command("New queue", create, "plus");
if (find("#charts")) timeCharts(find("#charts"), "queue-charts");
