// The list and the page of reports: new, edit with preview, publish, archive, delete.
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { debounce, find, url } from "./dom.js";
import { openMenu } from "./menu.js";
import { toast } from "./toast.js";

const page = find("#report")?.dataset;

async function create() {
  const { projects } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 });
  const made = await ask({
    title: "New report", action: "Create",
    fields: [{ name: "name", label: "Name", required: true, min: 3 }, { name: "project", label: "Project", type: "select", options: [["", "None"], ...projects.map(({ id, name }) => [id, name])] }, { name: "comment", label: "Description" }],
    submit: ({ name, project, comment }) => call("reports.create", { name, comment, ...(project && { project }) }, { quiet: true }),
  });
  if (made?.id) location.assign(url(`/reports/${made.id}?edit=1`));
}

async function rename() {
  if (await ask({ title: "Rename", action: "Rename", fields: [{ name: "name", label: "Name", value: page.name, required: true, min: 3 }], submit: ({ name }) => call("reports.update", { task: page.report, name }, { quiet: true }) })) location.reload();
}

async function publish() {
  if (!(await confirm({ title: `Publish “${page.name}”?`, action: "Publish", text: "A published report can't be changed any more." }))) return;
  await call("reports.publish", { task: page.report });
  location.reload();
}

async function remove() {
  if (!(await confirm({ title: `Delete “${page.name}”?`, action: "Delete 1 report", danger: true, text: "This can't be undone." }))) return;
  await call("reports.delete", { task: page.report, force: true });
  location.assign(url("/reports"));
}

const change = (endpoint) => async () => { await call(endpoint, { task: page.report }); location.reload(); };

function menu(button) {
  const draft = page.status === "created";
  openMenu(button, [
    { label: "Rename…", icon: "edit", disabled: !draft, run: rename }, { label: "Copy the Markdown", icon: "copy", run: () => navigator.clipboard.writeText(find("#report-source").textContent) },
    { label: "Print or save as PDF", icon: "report", run: () => print() }, "-", { label: "Publish…", icon: "publish", disabled: !draft, run: publish },
    page.archived ? { label: "Restore from the archive", icon: "archive", run: change("reports.unarchive") } : { label: "Archive", icon: "archive", run: change("reports.archive") },
    { label: "Delete…", icon: "trash", danger: true, disabled: !(draft || page.archived), run: remove },
  ]);
}

const text = find("#report-text");
let saved = text?.value;
const tell = () => { find("#edit-state").textContent = text.value === saved ? "Saved" : "Not saved"; };

async function show() {
  const response = await fetch(url("/reports/preview"), { method: "POST", body: text.value, credentials: "same-origin", headers: { "Content-Type": "text/plain" } });
  // cleaned by the server: no script, style or handler is in it
  if (response.ok) find("#report-preview").replaceChildren(...new DOMParser().parseFromString(await response.text(), "text/html").body.childNodes);
}

async function save() {
  const sent = text.value;
  await call("reports.update", { task: page.report, report: sent });
  saved = sent;
  tell();
  toast("Saved", { kind: "done" });
}

if (text) {
  const later = debounce(show, 300);
  text.addEventListener("input", () => { tell(); later(); });
  addEventListener("beforeunload", (event) => { if (text.value !== saved) event.preventDefault(); });
  document.addEventListener("keydown", (event) => { if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); save(); } });
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-new-report], [data-report-menu], [data-save]");
  if (!button) return;
  if (button.matches("[data-new-report]")) create();
  else if (button.matches("[data-save]")) save();
  else menu(button);
});
