// The table and the page of models: filters, actions on one and on many, edits of description, metadata, labels and network.
import { call } from "./api.js";
import { metricKey } from "./columns.js";
import { ask, confirm } from "./dialog.js";
import { data, debounce, find, findAll, url } from "./dom.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { openMenu } from "./menu.js";
import { encode } from "./query.js";
import { toast } from "./toast.js";

const read = (element) => ({ id: element.dataset.model, name: element.dataset.name, ready: element.dataset.ready === "1", archived: element.dataset.archived === "1", tags: JSON.parse(element.dataset.tags) });
const ids = (models) => models.map(({ id }) => id);
const named = (models) => (models.length === 1 ? `“${models[0].name}”` : count(models.length, "model"));

/** Tells how an action on many went; what failed is listed by name. */
async function told(models, reply, word, undo = null) {
  const names = new Map(models.map(({ id, name }) => [id, name]));
  const failed = (reply.failed ?? []).map(({ id, error }) => `${names.get(id) ?? id}: ${error?.msg ?? "refused"}`);
  const done = (reply.succeeded ?? []).map(({ id }) => id);
  await refresh();
  toast(failed.length ? `${word} ${done.length} of ${models.length}` : `${word} ${named(models)}`, { kind: failed.length ? "error" : "done", list: failed, undo: undo && done.length ? async () => { await call(undo, { ids: done }); await refresh(); } : null });
}

async function publish(models) {
  if (!(await confirm({ title: `Publish ${named(models)}?`, action: "Publish", text: "File, labels and network of a published model can't be changed any more." }))) return;
  await told(models, await call("models.publish_many", { ids: ids(models), publish_tasks: false }), "Published");
}

const archive = async (models) => told(models, await call("models.archive_many", { ids: ids(models) }), "Archived", "models.unarchive_many");
const restore = async (models) => told(models, await call("models.unarchive_many", { ids: ids(models) }), "Restored", "models.archive_many");

async function remove(models) {
  const values = await ask({ title: `Delete ${named(models)} for good?`, action: `Delete ${count(models.length, "model")}`, danger: true, text: "Tasks that use them keep only the name. This can't be undone.", fields: [{ name: "files", type: "checkbox", label: "Delete the uploaded files too", value: true }] });
  if (!values) return;
  const reply = await call("models.delete_many", { ids: ids(models), force: true, delete_external_artifacts: values.files });
  if (find("#model") && !reply.failed?.length) location.assign(url("/models"));
  else await told(models, reply, "Deleted");
}

async function tags(models) {
  const known = (await call("organization.get_tags", {}, { quiet: true }).catch(() => ({}))).tags ?? [];
  const shared = models[0].tags.filter((tag) => models.every((model) => model.tags.includes(tag)));
  const values = await ask({ title: `Tags of ${named(models)}`, action: "Save", fields: [{ name: "add", label: "Add", list: known, help: "Several are separated by commas." }, { name: "remove", label: "Remove", list: shared, help: shared.length ? `All have: ${shared.join(", ")}` : "" }] });
  const split = (text) => text.split(",").map((tag) => tag.trim()).filter(Boolean);
  if (!values || !(values.add || values.remove)) return;
  await call("models.update_tags", { ids: ids(models), add_tags: split(values.add), remove_tags: split(values.remove) });
  await refresh();
}

async function move(models) {
  const { projects } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 500 });
  const values = await ask({ title: `Move ${named(models)}`, action: "Move", fields: [{ name: "project", label: "Project", required: true, min: 3, list: projects.map(({ name }) => name), help: "A project of a new name is made." }] });
  if (!values) return;
  const known = projects.find(({ name }) => name === values.project);
  await call("models.move", { ids: ids(models), ...(known ? { project: known.id } : { project_name: values.project }) });
  await refresh();
  toast(`Moved ${named(models)} to ${values.project}`, { kind: "done" });
}

async function rename([model]) {
  if (await ask({ title: "Rename", action: "Rename", fields: [{ name: "name", label: "Name", value: model.name, required: true }], submit: ({ name }) => call("models.update", { model: model.id, name }, { quiet: true }) })) await refresh();
}

const ACTIONS = [
  { label: "Publish…", icon: "publish", fits: ({ ready, archived }) => !ready && !archived, run: publish }, { label: "Rename…", icon: "edit", fits: () => true, run: rename, one: true },
  { label: "Tags…", icon: "tag", fits: () => true, run: tags }, { label: "Move to project…", icon: "move", fits: () => true, run: move },
  { label: "Archive", icon: "archive", fits: ({ archived }) => !archived, run: archive }, { label: "Restore from the archive", icon: "archive", fits: ({ archived }) => archived, run: restore },
  { label: "Delete…", icon: "trash", danger: true, fits: ({ archived }) => archived, run: remove },
];

function menu(button, models) {
  const compare = models.length > 1 ? [{ label: "Compare", icon: "compare", href: url(`/compare?models=${ids(models).slice(0, 100).join(",")}`) }, "-"] : [];
  openMenu(button, [...compare, ...ACTIONS.filter(({ one }) => !one || models.length === 1).map((action) => {
    const fit = models.filter(action.fits);
    return { ...action, disabled: !fit.length, end: fit.length && fit.length < models.length ? `${fit.length} of ${models.length}` : "", title: fit.length ? "" : "Only what is archived is deleted", run: () => action.run(fit) };
  })]);
}

const chosen = () => findAll("[data-choose]:checked").map((box) => read(box.closest("[data-model]")));

/** The keys of metadata: those of the chosen project, or of the newest models of all. */
async function metadataKeys() {
  const project = new URLSearchParams(location.search).get("project");
  if (project) return (await call("projects.get_model_metadata_keys", { project, include_subprojects: true }, { quiet: true }).catch(() => ({}))).keys ?? [];
  const { models } = await call("models.get_all_ex", { only_fields: ["metadata"], order_by: ["-last_update"], page: 0, page_size: 300 }, { quiet: true });
  return [...new Set(models.flatMap(({ metadata }) => Object.keys(metadata ?? {})))].sort();
}

/** Opens the table with other columns; the menu has every key of metadata and every metric of models. */
async function columns(button) {
  const [keys, { metrics = [] }] = await Promise.all([metadataKeys(), call("projects.get_unique_metric_variants", { model_metrics: true, include_subprojects: true }, { quiet: true }).catch(() => ({}))]);
  const shown = data("page-data").columns.map(({ key }) => key);
  const flip = (key) => {
    const params = new URLSearchParams(location.search);
    const next = shown.includes(key) ? shown.filter((other) => other !== key) : [...shown, key];
    params.delete("columns");
    if (next.length) params.set("columns", next.join(","));
    location.assign(`${location.pathname}${params.size ? `?${params}` : ""}`);
  };
  const item = (key, label) => ({ label, checked: shown.includes(key), run: () => flip(key) });
  openMenu(button, [
    { heading: keys.length || metrics.length ? "Metadata" : "No model has metadata or metrics" }, ...keys.map((key) => item(`meta.${encode(key)}`, key)),
    ...(metrics.length ? [{ heading: "Metrics" }] : []), ...metrics.map((metric) => item(encode(metricKey(metric, "value")), `${metric.metric} / ${metric.variant}`)),
  ], { search: "Find a column…" });
}

async function download() {
  const { query, columns: more } = data("page-data");
  const fixed = [["Id", "id"], ["Name", "name"], ["Published", "ready"], ["Framework", "framework"], ["Tags", "tags"], ["Project", "project.name"], ["Made by", "task.name"], ["User", "user.name"], ["File", "uri"], ["Created", "created"], ["Updated", "last_update"]];
  const all = [...fixed.map(([name, field]) => ({ name, field })), ...more.map(({ title, field }) => ({ name: title, field }))];
  const { prepare_id: id } = await call("organization.prepare_download_for_get_all", { entity_type: "model", ...query, only_fields: all.map(({ field }) => field), field_mappings: all });
  location.assign(url(`/api/organization.download_for_get_all?prepare_id=${id}`));
}

function tell() {
  const button = find("[data-selected]");
  if (!button) return;
  const amount = chosen().length;
  button.disabled = !amount;
  find("span", button).textContent = amount ? `${count(amount, "model")} chosen` : "None chosen";
}

const EDITS = {
  comment: (model) => ask({ title: "Description", action: "Save", kind: "wide", fields: [{ name: "comment", label: "Markdown", type: "textarea", rows: 12, value: model.comment }], submit: ({ comment }) => call("models.update", { model: model.id, comment }, { quiet: true }) }),
  design: (model) => ask({ title: "Network", action: "Save", kind: "wide", fields: [{ name: "design", label: "Text", type: "textarea", rows: 16, code: true, value: model.design }], submit: ({ design }) => call("models.edit", { model: model.id, design: design ? { design } : {} }, { quiet: true }) }),
  labels: (model) => ask({
    title: "Labels", action: "Save", fields: [{ name: "labels", label: "One per line: name = id", type: "textarea", rows: 10, code: true, value: model.labels.map(([name, number]) => `${name} = ${number}`).join("\n") }],
    submit: ({ labels }) => call("models.edit", { model: model.id, labels: parseLabels(labels) }, { quiet: true }),
  }),
  entry: (model, at) => {
    const entry = model.metadata[at] ?? { key: "", value: "", type: "" };
    return ask({
      title: at === undefined ? "New metadata" : `Edit “${entry.key}”`, action: "Save",
      fields: [...(at === undefined ? [{ name: "key", label: "Key", required: true }] : []), { name: "value", label: "Value", type: "textarea", rows: 3, value: entry.value }, { name: "type", label: "Type", value: entry.type, list: ["str", "int", "float", "bool"] }],
      submit: (values) => call("models.add_or_update_metadata", { model: model.id, metadata: [{ key: entry.key || values.key, value: values.value, type: values.type || "str" }] }, { quiet: true }),
    });
  },
  forget: async (model, at) => (await confirm({ title: `Remove “${model.metadata[at].key}”?`, action: "Remove", danger: true, text: "One entry is removed." })) && call("models.delete_metadata", { model: model.id, keys: [model.metadata[at].key] }),
};

function parseLabels(text) {
  const found = {};
  for (const line of text.split("\n").map((part) => part.trim()).filter(Boolean)) {
    const [, name, number] = line.match(/^(.+?)\s*=\s*(-?\d+)$/) ?? [];
    if (!name) throw new Error(`Not “name = id”: ${line}`);
    if (name in found) throw new Error(`Twice: ${name}`);
    found[name] = Number(number);
  }
  return found;
}

async function edit(button) {
  const at = button.dataset.at === undefined ? undefined : Number(button.dataset.at);
  if (await EDITS[button.dataset.edit](data("model-data"), at)) location.reload();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-model-menu], [data-selected], [data-edit], [data-columns], [data-models-csv]");
  if (!button) return;
  if (button.matches("[data-columns]")) columns(button);
  else if (button.matches("[data-models-csv]")) download();
  else if (button.matches("[data-edit]")) edit(button);
  else menu(button, button.matches("[data-selected]") ? chosen() : [read(button.closest("[data-model]"))]);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose]")) tell();
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
document.addEventListener("trackyard:refreshed", tell);
const form = find("[data-filters]");
if (form) {
  form.addEventListener("formdata", (event) => { for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name); });
  find('[name="q"]', form).addEventListener("input", debounce(() => form.requestSubmit(), 500));
}
