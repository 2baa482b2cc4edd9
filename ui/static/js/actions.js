// What can be done to tasks, one or many: with a confirmation that names the number, partial failures as a list, and undo.
import { call } from "./api.js";
import { STATUS_NAMES, url } from "./dom.js";
import { ask, confirm } from "./dialog.js";
import { count } from "./format.js";
import { toast } from "./toast.js";

const archived = (task) => (task.system_tags ?? []).includes("archived");
const among = (...names) => (task) => names.includes(task.status) && !archived(task);

/** The actions in the order of menus: {name, label, icon, allowed(task), run(tasks) → promise of true when something changed}. */
export const ACTIONS = [
  { name: "enqueue", label: "Enqueue…", icon: "play", allowed: among("created", "stopped"), run: enqueue },
  { name: "retry", label: "Retry…", icon: "reset", allowed: among("failed"), run: enqueue },
  { name: "dequeue", label: "Dequeue", icon: "close", allowed: among("queued"), run: simple("tasks.dequeue_many", "Dequeued") },
  { name: "abort", label: "Abort", icon: "stop", allowed: among("queued", "in_progress"), run: simple("tasks.stop_many", "Asked to stop", { ask: (text) => ({ title: `Abort ${text}?`, text: "Running processes are asked to stop and end by themselves.", action: "Abort", danger: true }) }) },
  { name: "abort-children", label: "Abort all children", icon: "stop", allowed: (task) => ["controller", "optimizer"].includes(task.type) && !archived(task), run: abortChildren },
  { name: "queue", label: "Manage its queue", icon: "queue", allowed: among("queued"), one: true, run: manageQueue },
  { name: "reset", label: "Reset…", icon: "reset", allowed: among("queued", "in_progress", "stopped", "failed", "completed", "closed"), run: reset },
  { name: "clone", label: "Clone…", icon: "copy", allowed: () => true, one: true, run: clone },
  { name: "publish", label: "Publish", icon: "publish", allowed: among("stopped", "failed", "completed", "closed"), run: simple("tasks.publish_many", "Published", { ask: (text) => ({ title: `Publish ${text}?`, text: "A published task can't be changed or reset any more.", action: "Publish" }) }) },
  { name: "tags", label: "Tags…", icon: "tag", allowed: () => true, run: tags },
  { name: "move", label: "Move to project…", icon: "move", allowed: () => true, run: move },
  { name: "rename", label: "Rename…", icon: "edit", allowed: () => true, one: true, run: rename },
  { name: "archive", label: "Archive", icon: "archive", allowed: (task) => !archived(task), run: simple("tasks.archive_many", "Archived", { undo: "tasks.unarchive_many" }) },
  { name: "restore", label: "Restore from the archive", icon: "archive", allowed: archived, run: simple("tasks.unarchive_many", "Restored", { undo: "tasks.archive_many" }) },
  { name: "delete", label: "Delete…", icon: "trash", allowed: archived, danger: true, run: remove },
];

const ids = (tasks) => tasks.map(({ id }) => id);
const named = (tasks) => (tasks.length === 1 ? `“${tasks[0].name}”` : count(tasks.length, "task"));

/** Tells how an action on many went; failures are listed by name. */
function told(tasks, reply, word, undo) {
  const names = new Map(tasks.map(({ id, name }) => [id, name]));
  const failed = (reply.failed ?? []).map(({ id, error }) => `${names.get(id) ?? id}: ${error?.msg ?? "refused"}`);
  const done = (reply.succeeded ?? []).map(({ id }) => id);
  const text = failed.length ? `${word} ${done.length} of ${tasks.length}` : `${word} ${named(tasks)}`;
  toast(text, { kind: failed.length ? "error" : "done", list: failed, undo: undo && done.length ? () => undo(done) : null });
  document.dispatchEvent(new CustomEvent("trackyard:changed"));
  return done.length > 0;
}

function simple(endpoint, word, { ask: question = null, undo = null } = {}) {
  return async (tasks) => {
    if (question && !(await confirm(question(named(tasks))))) return false;
    const reply = await call(endpoint, { ids: ids(tasks) });
    return told(tasks, reply, word, undo && (async (done) => { await call(undo, { ids: done }); document.dispatchEvent(new CustomEvent("trackyard:changed")); }));
  };
}

async function abortChildren(tasks) {
  const body = { parent: ids(tasks), status: ["queued", "in_progress"], search_hidden: true, page: 0, page_size: 500, only_fields: ["name"] };
  const children = (await call("tasks.get_all_ex", body)).tasks;
  if (!children.length) return toast(`Nothing of ${named(tasks)} waits or runs`);
  const names = children.slice(0, 10).map(({ name }) => name).join(", ");
  const question = { title: `Abort ${count(children.length, "running or queued task")}?`, text: `${names}${children.length > 10 ? ` and ${children.length - 10} more` : ""}. ${named(tasks)} goes on.`, action: "Abort", danger: true };
  return (await confirm(question)) && told(children, await call("tasks.stop_many", { ids: ids(children) }), "Asked to stop");
}

async function manageQueue([task]) {
  const { tasks: [found] } = await call("tasks.get_all_ex", { id: [task.id], search_hidden: true, only_fields: ["execution.queue"] });
  location.assign(url(`/queues?id=${found?.execution?.queue?.id ?? ""}`));
}

/** Says of how many tasks nothing is known that an agent could run. */
async function codeless(tasks) {
  const reply = await call("tasks.get_all_ex", { id: ids(tasks).slice(0, 500), search_hidden: true, page: 0, page_size: 500, only_fields: ["script.repository", "script.entry_point", "script.diff"] }, { quiet: true }).catch(() => ({ tasks: [] }));
  const without = reply.tasks.filter(({ script = {} }) => !script.repository && !script.diff && !script.entry_point).length;
  return without ? `${count(without, "task")} seem${without === 1 ? "s" : ""} to have no code: there is neither a repository nor a script.` : "";
}

async function enqueue(tasks) {
  const [{ queues }, note] = await Promise.all([call("queues.get_all_ex", { only_fields: ["name", "display_name"], order_by: ["name"] }), codeless(tasks)]);
  const values = await ask({
    title: `Enqueue ${named(tasks)}`, action: "Enqueue", text: note,
    fields: [{ name: "queue", label: "Queue", value: queues[0]?.name ?? "default", list: queues.map(({ name }) => name), required: true, help: "A queue of a new name is made." }],
  });
  if (!values) return false;
  const reply = await call("tasks.enqueue_many", { ids: ids(tasks), queue_name: values.queue, verify_watched_queue: true });
  const changed = told(tasks, reply, "Enqueued", async (done) => { await call("tasks.dequeue_many", { ids: done }); document.dispatchEvent(new CustomEvent("trackyard:changed")); });
  if (reply.queue_watched === false) toast(`No worker serves the queue “${values.queue}” at the moment`, { detail: `Start one: clearml-agent daemon --queue ${values.queue}` });
  return changed;
}

async function reset(tasks) {
  const values = await ask({
    title: `Reset ${named(tasks)}?`, action: "Reset", danger: true, text: `Results of ${count(tasks.length, "task")} are removed: scalars, plots, console, output models. Code, parameters and configuration stay.`,
    fields: [{ name: "files", type: "checkbox", label: "Remove uploaded files too", value: true }],
  });
  if (!values) return false;
  return told(tasks, await call("tasks.reset_many", { ids: ids(tasks), force: true, delete_external_artifacts: values.files, return_file_urls: false, delete_output_models: true }), "Reset");
}

async function remove(tasks) {
  const values = await ask({
    title: `Delete ${named(tasks)} for good?`, action: `Delete ${count(tasks.length, "task")}`, danger: true, text: "Scalars, plots, console and samples go with them. This can't be undone.",
    fields: [{ name: "files", type: "checkbox", label: "Delete uploaded artifacts and samples", value: true }, { name: "models", type: "checkbox", label: "Delete models that are not published", value: true }],
  });
  if (!values) return false;
  const reply = await call("tasks.delete_many", { ids: ids(tasks), force: true, delete_output_models: values.models, delete_external_artifacts: values.files, return_file_urls: false });
  return told(tasks, reply, "Deleted");
}

async function clone([task]) {
  const { projects } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 }, { quiet: true }).catch(() => ({ projects: [] }));
  const place = (name) => { const known = projects.find((project) => project.name === name); return !name ? {} : known ? { new_task_project: known.id } : { new_project_name: name }; };
  const values = await ask({
    title: `Clone “${task.name}”`, action: "Clone",
    fields: [{ name: "name", label: "Name", value: `Clone of ${task.name}`, required: true, min: 3 }, { name: "project", label: "Project", list: projects.map(({ name }) => name), help: "Empty: that of the original. A project of a new name is made." }, { name: "comment", label: "Description", type: "textarea", rows: 2 }, { name: "parent", type: "checkbox", label: "Set the original as the parent", value: true }],
    submit: (form) => call("tasks.clone", { task: task.id, new_task_name: form.name, new_task_comment: form.comment, ...place(form.project.trim()), ...(form.parent ? { new_task_parent: task.id } : {}) }, { quiet: true }),
  });
  if (values?.id) location.assign(url(`/tasks/${values.id}/configuration`));
  return Boolean(values);
}

async function rename([task]) {
  const values = await ask({ title: "Rename", action: "Rename", fields: [{ name: "name", label: "Name", value: task.name, required: true, min: 3 }], submit: (form) => call("tasks.update", { task: task.id, name: form.name }, { quiet: true }) });
  if (values) document.dispatchEvent(new CustomEvent("trackyard:changed"));
  return Boolean(values);
}

async function tags(tasks) {
  const known = (await call("organization.get_tags", {}, { quiet: true }).catch(() => ({}))).tags ?? [];
  const shared = tasks[0].tags?.filter((tag) => tasks.every((task) => task.tags?.includes(tag))) ?? [];
  const values = await ask({
    title: `Tags of ${named(tasks)}`, action: "Save",
    fields: [{ name: "add", label: "Add", list: known, help: "Several are separated by commas." }, { name: "remove", label: "Remove", list: shared, help: shared.length ? `All have: ${shared.join(", ")}` : "" }],
  });
  const split = (text) => text.split(",").map((tag) => tag.trim()).filter(Boolean);
  if (!values || !(values.add || values.remove)) return false;
  const change = { add_tags: split(values.add), remove_tags: split(values.remove) };
  await call("tasks.update_tags", { ids: ids(tasks), ...change });
  toast(`Changed the tags of ${named(tasks)}`, { kind: "done", undo: async () => { await call("tasks.update_tags", { ids: ids(tasks), add_tags: change.remove_tags, remove_tags: change.add_tags }); document.dispatchEvent(new CustomEvent("trackyard:changed")); } });
  document.dispatchEvent(new CustomEvent("trackyard:changed"));
  return true;
}

async function move(tasks) {
  const { projects } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 });
  const values = await ask({ title: `Move ${named(tasks)}`, action: "Move", fields: [{ name: "project", label: "Project", required: true, min: 3, list: projects.map(({ name }) => name), help: "A project of a new name is made." }] });
  if (!values) return false;
  const known = projects.find(({ name }) => name === values.project);
  await call("tasks.move", { ids: ids(tasks), ...(known ? { project: known.id } : { project_name: values.project }) });
  toast(`Moved ${named(tasks)} to ${values.project}`, { kind: "done" });
  document.dispatchEvent(new CustomEvent("trackyard:changed"));
  return true;
}

/** The items of a menu for these tasks; an action that fits only some says for how many. */
export function menuItems(tasks) {
  return ACTIONS.filter(({ one }) => !one || tasks.length === 1).map((action) => {
    const fit = tasks.filter(action.allowed);
    return { ...action, fit, disabled: !fit.length, end: fit.length && fit.length < tasks.length ? `${fit.length} of ${tasks.length}` : "", title: fit.length ? "" : `Not possible: ${[...new Set(tasks.map(({ status }) => STATUS_NAMES[status]))].join(", ")}`, run: () => action.run(fit) };
  });
}

/** A dialog that makes a new task; opens it when made. */
export async function createTask(project) {
  const values = await ask({
    title: "New task", action: "Create draft",
    fields: [
      { name: "name", label: "Name", required: true, min: 3 },
      { name: "type", label: "Type", type: "select", value: "training", options: ["training", "testing", "inference", "data_processing", "application", "monitor", "controller", "optimizer", "service", "qc", "custom"].map((type) => [type, type]) },
      { name: "repository", label: "Git repository", help: "Empty: a script without repository." }, { name: "branch", label: "Branch" },
      { name: "entry_point", label: "Script", help: "For example train.py" },
      { name: "image", label: "Container image", help: "Empty: the agent's default." },
    ],
    submit: (form) => call("tasks.create", {
      name: form.name, type: form.type, ...(project ? { project: project.id } : {}), script: { repository: form.repository, branch: form.branch, entry_point: form.entry_point, binary: "python" }, container: form.image ? { image: form.image } : undefined,
    }, { quiet: true }),
  });
  if (values?.id) location.assign(url(`/tasks/${values.id}/execution`));
}
