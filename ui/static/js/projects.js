// The tree of projects and a project's overview: filter, new, edit, move, delete.
import { call } from "./api.js";
import { ask } from "./dialog.js";
import { data, find, findAll, url } from "./dom.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { openMenu } from "./menu.js";
import { command } from "./palette.js";
import { toast } from "./toast.js";

const page = data("page-data");

async function create(parent = "") {
  const made = await ask({
    title: "New project", action: "Create",
    fields: [{ name: "name", label: "Name", value: parent ? `${parent}/` : "", required: true, min: 3, help: "Slashes make projects inside projects: Vision/Segmentation" }, { name: "description", label: "Description", type: "textarea", help: "Markdown" }, { name: "default_output_destination", label: "Output destination", help: "Where models and artifacts go; empty: the file server." }],
    submit: (values) => call("projects.create", { ...values, default_output_destination: values.default_output_destination || null }, { quiet: true }),
  });
  if (made?.id) location.assign(url(`/projects/${made.id}/tasks`));
}

async function rename(id, name) {
  const base = name.split("/").pop();
  const above = name.slice(0, name.length - base.length);
  const done = await ask({ title: "Rename", action: "Save", fields: [{ name: "name", label: "Name", value: base, required: true, help: above && `In ${above}` }], submit: (values) => call("projects.update", { project: id, name: above + values.name }, { quiet: true }) });
  if (done) location.reload();
}

async function describe(id, description) {
  const done = await ask({ title: "Description", action: "Save", kind: "wide", fields: [{ name: "description", label: "Markdown", type: "textarea", rows: 14, value: description }], submit: (values) => call("projects.update", { project: id, description: values.description }, { quiet: true }) });
  if (done) location.reload();
}

async function move(id, name) {
  const { projects } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 });
  const done = await ask({ title: `Move “${name}”`, action: "Move", fields: [{ name: "place", label: "Into the project", list: projects.map((project) => project.name).filter((other) => other !== name && !other.startsWith(`${name}/`)), help: "Empty: to the top." }], submit: (values) => call("projects.move", { project: id, new_location: values.place }, { quiet: true }) });
  if (done) location.reload();
}

async function remove(id, name) {
  const found = await call("projects.validate_delete", { project: id });
  const parts = [["task", found.tasks], ["model", found.models], ["report", found.reports], ["pipeline", found.pipelines], ["dataset", found.datasets]].filter(([, amount]) => amount).map(([noun, amount]) => count(amount, noun));
  const live = found.non_archived_tasks ? ` ${count(found.non_archived_tasks, "task")} ${found.non_archived_tasks === 1 ? "is" : "are"} not archived.` : "";
  const done = await ask({
    title: `Delete “${name}”?`, action: "Delete", danger: true, text: parts.length ? `It holds ${parts.join(", ")}.${live} This can't be undone.` : "It is empty.",
    fields: parts.length ? [{ name: "contents", type: "checkbox", label: `Delete what is in it too (${parts.join(", ")})`, value: false }, { name: "files", type: "checkbox", label: "Delete uploaded files", value: true }] : [],
    submit: (values) => call("projects.delete", { project: id, force: Boolean(parts.length), delete_contents: Boolean(values.contents), delete_external_artifacts: Boolean(values.files) }, { quiet: true }),
  });
  if (!done) return;
  toast(`Deleted “${name}”`, { kind: "done" });
  if (page?.id === id) location.assign(url("/projects"));
  else refresh();
}

function menu(button) {
  const { id, projectName: name } = button.dataset;
  openMenu(button, [
    { label: "Open", icon: "arrow", href: url(`/projects/${id}/tasks`) }, { label: "Overview", icon: "info", href: url(`/projects/${id}/overview`) }, "-",
    { label: "New project inside…", icon: "plus", run: () => create(name) }, { label: "Rename…", icon: "edit", run: () => rename(id, name) }, { label: "Move…", icon: "move", run: () => move(id, name) }, "-",
    { label: "Delete…", icon: "trash", danger: true, run: () => remove(id, name) },
  ]);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-project-menu], [data-new-project], [data-edit-description]");
  if (!button) return;
  if (button.matches("[data-project-menu]")) menu(button);
  else if (button.matches("[data-new-project]")) create();
  else describe(page.id, page.description);
});

// a project stays when it, one above it or one below it fits the text
function filter() {
  const text = find("#project-filter").value.trim().toLowerCase();
  const rows = findAll("tr[data-name]");
  const names = rows.map((row) => row.dataset.name.toLowerCase());
  const hits = names.filter((name) => name.includes(text));
  rows.forEach((row, index) => { row.hidden = !hits.some((hit) => hit === names[index] || hit.startsWith(`${names[index]}/`)); });
}

find("#project-filter")?.addEventListener("input", filter);
document.addEventListener("trackyard:refreshed", () => { if (find("#project-filter")?.value) filter(); });
command("New project", () => create(), "plus");
