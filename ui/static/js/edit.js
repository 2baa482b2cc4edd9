// Editing parts of a task: parameters, configuration objects, code, packages, container, description.
import { call } from "./api.js";
import { ask } from "./dialog.js";
import { data, find, findAll, save as saveFile } from "./dom.js";

const page = data("page-data");
const parts = data("script-data") ?? {};

async function edit({ title, fields, save, kind = "", action = "Save", danger = false, text = "" }) {
  const done = await ask({ title, fields, kind, action, danger, text, submit: async (values) => { await save(values); } });
  if (done) location.reload();
}

const parameter = ({ section, name = "", value = "", type = "", description = "" }) => edit({
  title: name ? `Edit ${name}` : section ? `Add to ${section}` : "Add a parameter", kind: "wide",
  fields: [
    ...(section ? [] : [{ name: "section", label: "Section", value: "General", required: true, help: "A section of a new name is made.", list: findAll("section[data-section] h2").map((title) => title.firstChild.textContent) }]),
    { name: "name", label: "Name", value: name, required: true }, { name: "value", label: "Value", type: "textarea", rows: 3, code: true, value },
    { name: "type", label: "Type", value: type, help: "For example int, float, str" }, { name: "description", label: "Description", value: description },
    ...(name ? [{ name: "gone", type: "checkbox", label: "Remove this parameter" }] : []),
  ],
  save: async (values) => {
    if (name && (values.gone || values.name !== name)) await call("tasks.delete_hyper_params", { task: page.task, hyperparams: [{ section, name }] }, { quiet: true });
    if (!values.gone) await call("tasks.edit_hyper_params", { task: page.task, replace_hyperparams: "none", hyperparams: [{ section: section || values.section, name: values.name, value: values.value, type: values.type || null, description: values.description || null }] }, { quiet: true });
  },
});

const object = ({ name, from }) => edit({
  title: `Edit ${name}`, kind: "wide", fields: [{ name: "value", label: "Text", type: "textarea", rows: 20, code: true, value: document.getElementById(from).textContent }],
  save: ({ value }) => call("tasks.edit_configuration", { task: page.task, replace_configuration: false, configuration: [{ name, value }] }, { quiet: true }),
});

const newObject = () => edit({
  title: "Add a configuration object", kind: "wide", fields: [{ name: "name", label: "Name", required: true }, { name: "type", label: "Type", help: "For example yaml, json" }, { name: "value", label: "Text", type: "textarea", rows: 16, code: true }],
  save: (values) => call("tasks.edit_configuration", { task: page.task, replace_configuration: false, configuration: [values] }, { quiet: true }),
});

const asked = (title, action, text, save) => edit({ title, action, text, danger: true, fields: [], save });

const requirements = (pip) => call("tasks.set_requirements", { task: page.task, requirements: { ...script.requirements, pip } }, { quiet: true });

async function addModel() {
  const { models } = await call("models.get_all_ex", { order_by: ["-last_update"], page: 0, page_size: 200, only_fields: ["name", "project.name"] }, { quiet: true });
  const label = ({ name, id }) => `${name} · ${id}`;
  await edit({
    title: "Add an input model", action: "Add", fields: [{ name: "model", label: "Model", required: true, list: models.map(label), help: "Type a part of the name, or an id." }, { name: "name", label: "Name in the run", value: "input", required: true }],
    save: (values) => call("tasks.add_or_update_model", { task: page.task, type: "input", name: values.name, model: values.model.split(" · ").at(-1).trim() }, { quiet: true }),
  });
}

const task = (values) => call("tasks.edit", { task: page.task, ...values }, { quiet: true });
const script = parts.script ?? {};
const input = (name, label) => ({ name, label, value: script[name] ?? "" });

const EDITS = {
  "[data-edit-parameter], [data-add-parameter]": (button) => parameter(button.dataset),
  "[data-edit-object]": (button) => object(button.dataset),
  "[data-add-object]": newObject,
  "[data-remove-object]": ({ dataset: { name } }) => asked(`Remove “${name}”?`, "Remove", "The configuration object is removed from this draft.", () => call("tasks.delete_configuration", { task: page.task, configuration: [name] }, { quiet: true })),
  "[data-remove-section]": ({ dataset: { section } }) => asked(`Remove “${section}”?`, "Remove", "The section with all its parameters is removed from this draft.", () => call("tasks.delete_hyper_params", { task: page.task, hyperparams: [{ section }] }, { quiet: true })),
  "[data-discard-diff]": () => asked("Discard the changes?", "Discard", "The code runs as it is committed.", () => task({ script: { diff: "" } })),
  "[data-save-diff]": () => saveFile("changes.diff", script.diff, "text/x-diff"),
  "[data-clear-packages]": () => asked("Clear the packages?", "Clear", "The agent then installs what the repository asks for.", () => requirements("")),
  "[data-reset-packages]": () => asked("Back to the recorded packages?", "Reset", "The list becomes what the first run had installed.", () => requirements(script.requirements?.orig_pip ?? "")),
  "[data-add-model]": addModel,
  "[data-remove-model]": ({ dataset: { name } }) => asked(`Take “${name}” away?`, "Take away", "The model itself stays.", () => call("tasks.delete_models", { task: page.task, models: [{ name, type: "input" }] }, { quiet: true })),
  "[data-edit-script]": () => edit({
    title: "Source code", fields: [input("repository", "Repository"), input("branch", "Branch"), input("tag", "Tag"), input("version_num", "Commit"), input("entry_point", "Script"), input("working_dir", "Working directory"), input("binary", "Binary"), { name: "destination", label: "Output destination", value: parts.output?.destination ?? "" }],
    save: ({ destination, ...values }) => task({ script: values, output_dest: destination }),
  }),
  "[data-edit-diff]": () => edit({ title: "Uncommitted changes", kind: "wide", fields: [{ name: "diff", label: "Diff", type: "textarea", rows: 22, code: true, value: script.diff ?? "" }], save: ({ diff }) => task({ script: { diff } }) }),
  "[data-edit-packages]": () => edit({
    title: "Python packages", kind: "wide", fields: [{ name: "pip", label: "Requirements", type: "textarea", rows: 18, code: true, value: [script.requirements?.pip ?? ""].flat().join("\n") }],
    save: ({ pip }) => call("tasks.set_requirements", { task: page.task, requirements: { ...script.requirements, pip } }, { quiet: true }),
  }),
  "[data-edit-container]": () => edit({
    title: "Container", kind: "wide", fields: [{ name: "image", label: "Image", value: parts.container?.image ?? "" }, { name: "arguments", label: "Arguments", value: parts.container?.arguments ?? "" }, { name: "setup_shell_script", label: "Start script", type: "textarea", rows: 8, code: true, value: parts.container?.setup_shell_script ?? "" }],
    save: (container) => task({ container }),
  }),
  "[data-edit-comment]": () => edit({ title: "Description", kind: "wide", fields: [{ name: "comment", label: "Markdown", type: "textarea", rows: 10, value: page.comment ?? "" }], save: ({ comment }) => call("tasks.update", { task: page.task, comment }, { quiet: true }) }),
};

document.addEventListener("click", (event) => {
  for (const [selector, run] of Object.entries(EDITS)) {
    const button = event.target.closest(selector);
    if (button) run(button);
  }
});

function filter() {
  const text = find("#parameter-filter").value.toLowerCase();
  for (const row of findAll("[data-parameter]")) row.hidden = !row.textContent.toLowerCase().includes(text);
  for (const section of findAll("[data-section]")) if (section.tagName === "SECTION") section.hidden = Boolean(text) && !section.querySelector("[data-parameter]:not([hidden])");
}

find("#parameter-filter")?.addEventListener("input", filter);
document.addEventListener("trackyard:refreshed", () => { if (find("#parameter-filter")?.value) filter(); });
