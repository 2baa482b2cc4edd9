// The lists of datasets and pipelines, each of which is a hidden project: rename, tags, delete; filter by name and tag.
import { call } from "./api.js";
import { ask } from "./dialog.js";
import { debounce, find } from "./dom.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { bindRows, each, named, told } from "./rows.js";

const NOUN = find("[data-places]").dataset.places;
const PARTS = { dataset: "version", pipeline: "run" };
const split = (text) => text.split(",").map((tag) => tag.trim()).filter(Boolean);

async function rename([{ id, name, place }]) {
  const folder = `${place ? `${place}/` : ""}.${NOUN}s/`;
  if (await ask({ title: "Rename", action: "Rename", fields: [{ name: "name", label: "Name", value: name, required: true, min: 3, help: "Scripts find it by its name." }], submit: (values) => call("projects.update", { project: id, name: folder + values.name }, { quiet: true }) })) await refresh();
}

async function tags(rows) {
  const known = (await call("projects.get_project_tags", { filter: { system_tags: [NOUN] } }, { quiet: true }).catch(() => ({}))).tags ?? [];
  const shared = rows[0].tags.filter((tag) => rows.every((row) => row.tags.includes(tag)));
  const values = await ask({ title: `Tags of ${named(rows, NOUN)}`, action: "Save", fields: [{ name: "add", label: "Add", list: known, help: "Several are separated by commas." }, { name: "remove", label: "Remove", list: shared, help: shared.length ? `All have: ${shared.join(", ")}` : "" }] });
  if (!values || !(values.add || values.remove)) return;
  const gone = new Set(split(values.remove));
  const set = (row, list) => call("projects.update", { project: row.id, tags: list }, { quiet: true });
  const failed = await each(rows, "Changing tags", (row) => set(row, [...new Set([...row.tags, ...split(values.add)])].filter((tag) => !gone.has(tag))));
  await told(rows, failed, "Changed the tags of", NOUN, async (done) => { await each(done, "Changing tags back", (row) => set(row, row.tags)); await refresh(); });
}

async function remove(rows) {
  const parts = rows.reduce((sum, { runs }) => sum + runs, 0);
  const values = await ask({
    title: `Delete ${named(rows, NOUN)} for good?`, action: `Delete ${count(rows.length, NOUN)}`, danger: true, text: `${count(parts, PARTS[NOUN])} ${parts === 1 ? "goes" : "go"} with ${rows.length === 1 ? "it" : "them"}, archived ones too. This can't be undone.`,
    fields: [{ name: "files", type: "checkbox", label: "Delete the uploaded files too", value: true }],
  });
  if (!values) return;
  const failed = await each(rows, "Deleting", ({ id }) => call("projects.delete", { project: id, force: true, delete_contents: true, delete_external_artifacts: values.files }, { quiet: true }));
  await told(rows, failed, "Deleted", NOUN);
}

bindRows(NOUN, [
  { label: "Rename…", icon: "edit", one: true, run: rename },
  { label: "Tags…", icon: "tag", run: tags },
  { label: "Delete…", icon: "trash", danger: true, run: remove },
]);
const form = find("[data-filters]");
form.addEventListener("formdata", (event) => { for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name); });
form.addEventListener("change", ({ target }) => { if (target.matches("select")) form.requestSubmit(); });
find('[name="q"]', form).addEventListener("input", debounce(() => form.requestSubmit(), 500));
