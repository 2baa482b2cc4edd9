// What can be done to reports, one or many.
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { url } from "./dom.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { each, named, told } from "./rows.js";

const NOUN = "report";
const split = (text) => text.split(",").map((tag) => tag.trim()).filter(Boolean);
const projects = async () => (await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 })).projects;

/** A dialog that makes a report and opens its editor. */
export async function createReport() {
  const known = await projects();
  const made = await ask({
    title: "New report", action: "Create",
    fields: [{ name: "name", label: "Name", required: true, min: 3 }, { name: "project", label: "Project", list: known.map(({ name }) => name), help: "Empty: none. A project of a new name is made." }, { name: "comment", label: "Description" }],
    submit: async ({ name, project, comment }) => {
      const id = project && (known.find((one) => one.name === project)?.id ?? (await call("projects.create", { name: project, description: "" }, { quiet: true })).id);
      return call("reports.create", { name, comment, ...(id && { project: id }) }, { quiet: true });
    },
  });
  if (made?.id) location.assign(url(`/reports/${made.id}?edit=1`));
}

async function rename([{ id, name, comment }]) {
  const fields = [{ name: "name", label: "Name", value: name, required: true, min: 3 }, { name: "comment", label: "Description", value: comment ?? "" }];
  if (await ask({ title: "Name and description", action: "Save", fields, submit: (values) => call("reports.update", { task: id, ...values }, { quiet: true }) })) await refresh();
}

async function publish(rows) {
  if (!(await confirm({ title: `Publish ${named(rows, NOUN)}?`, action: "Publish", text: "A published report can't be changed any more." }))) return;
  await told(rows, await each(rows, "Publishing", ({ id }) => call("reports.publish", { task: id }, { quiet: true })), "Published", NOUN);
}

const shelve = (endpoint, back, word) => async (rows) => {
  const run = (name) => ({ id }) => call(`reports.${name}`, { task: id }, { quiet: true });
  await told(rows, await each(rows, word, run(endpoint)), word, NOUN, async (done) => { await each(done, "Undoing", run(back)); await refresh(); });
};

async function remove(rows) {
  if (!(await confirm({ title: `Delete ${named(rows, NOUN)}?`, action: `Delete ${count(rows.length, NOUN)}`, danger: true, text: "Their pictures go with them. This can't be undone." }))) return;
  const failed = await each(rows, "Deleting", ({ id }) => call("reports.delete", { task: id, force: true }, { quiet: true }));
  if (location.pathname.startsWith(url("/reports/")) && !failed.size) return location.assign(url("/reports"));
  await told(rows, failed, "Deleted", NOUN);
  return undefined;
}

async function tags(rows) {
  const known = (await call("reports.get_tags", {}, { quiet: true }).catch(() => ({}))).tags ?? [];
  const shared = rows[0].tags.filter((tag) => rows.every((row) => row.tags.includes(tag)));
  const values = await ask({ title: `Tags of ${named(rows, NOUN)}`, action: "Save", fields: [{ name: "add", label: "Add", list: known, help: "Several are separated by commas." }, { name: "remove", label: "Remove", list: shared, help: shared.length ? `All have: ${shared.join(", ")}` : "" }] });
  if (!values || !(values.add || values.remove)) return;
  const change = { add_tags: split(values.add), remove_tags: split(values.remove) };
  await call("tasks.update_tags", { ids: rows.map(({ id }) => id), ...change });
  await told(rows, new Map(), "Changed the tags of", NOUN, async (done) => { await call("tasks.update_tags", { ids: done.map(({ id }) => id), add_tags: change.remove_tags, remove_tags: change.add_tags }); await refresh(); });
}

async function move(rows) {
  const known = await projects();
  const values = await ask({ title: `Move ${named(rows, NOUN)}`, action: "Move", fields: [{ name: "project", label: "Project", list: known.map(({ name }) => name), help: "Empty: none. A project of a new name is made." }] });
  if (!values) return;
  const id = known.find(({ name }) => name === values.project)?.id;
  const target = values.project ? (id ? { project: id } : { project_name: values.project }) : { project: null };
  await told(rows, await each(rows, "Moving", (row) => call("reports.move", { task: row.id, ...target }, { quiet: true })), "Moved", NOUN);
}

const draft = ({ status, archived }) => status === "created" && !archived;
/** The actions in the order of menus, as bindRows takes them. */
export const REPORT_ACTIONS = [
  { label: "Name and description…", icon: "edit", one: true, fits: draft, run: rename, why: "A published report can't be changed" },
  { label: "Tags…", icon: "tag", run: tags },
  { label: "Move to project…", icon: "move", run: move },
  { label: "Publish…", icon: "publish", fits: draft, run: publish, why: "It is published already, or archived" },
  { label: "Archive", icon: "archive", fits: ({ archived }) => !archived, run: shelve("archive", "unarchive", "Archived") },
  { label: "Restore from the archive", icon: "archive", fits: ({ archived }) => archived, run: shelve("unarchive", "archive", "Restored") },
  { label: "Delete…", icon: "trash", danger: true, fits: ({ status, archived }) => status === "created" || archived, run: remove, why: "A published report is archived first" },
];
