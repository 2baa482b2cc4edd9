// Menus of the table of tasks: which columns are shown, and the views that the reader has saved.
import { call, preferences, remember } from "./api.js";
import { FIXED, metricKey, parameterKey } from "./columns.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { openMenu } from "./menu.js";
import { toast } from "./toast.js";

const check = (label, checked, run) => h("label", { class: "item check" }, h("input", { type: "checkbox", checked, onchange: (event) => run(event.target.checked) }), h("span", { class: "clip", title: label, text: label }));

// the names of parameters are asked by project: for all tasks they are those of the newest tasks
async function recentParameters() {
  const { tasks } = await call("tasks.get_all_ex", { order_by: ["-last_update"], page: 0, page_size: 50, only_fields: ["hyperparams"] }, { quiet: true });
  const names = new Set(tasks.flatMap(({ hyperparams }) => Object.entries(hyperparams ?? {}).flatMap(([section, items]) => Object.keys(items).map((name) => `${section}\u001f${name}`))));
  return [...names].sort().map((text) => { const [section, name] = text.split("\u001f"); return { section, name }; });
}

/** Opens the menu of columns below `anchor`: fixed ones, then every metric and parameter of the project, found by typing. */
export async function columnMenu(anchor, { state, page, setColumns }) {
  const project = page.project?.id;
  const flip = (key) => (on) => setColumns(on ? [...state.columns, key] : state.columns.filter((other) => other !== key));
  const [metrics, parameters] = await Promise.all([
    call("projects.get_unique_metric_variants", { ...(project ? { project } : {}), include_subprojects: true }, { quiet: true }).then((reply) => reply.metrics ?? [], () => []),
    project ? call("projects.get_hyper_parameters", { project, include_subprojects: true, page: 0, page_size: 5000 }, { quiet: true }).then((reply) => reply.parameters ?? [], () => []) : recentParameters(),
  ]);
  const visible = metrics.filter(({ metric }) => !metric.startsWith(":monitor"));
  openMenu(anchor, [
    ...Object.entries(FIXED).filter(([, { fixed }]) => !fixed).map(([key, { title }]) => check(title, state.columns.includes(key), flip(key))),
    { heading: "Metrics" },
    ...visible.flatMap((item) => ["value", "min_value", "max_value"].map((kind) => { const key = metricKey(item, kind); return check(`${item.metric} / ${item.variant} · ${{ value: "last", min_value: "min", max_value: "max" }[kind]}`, state.columns.includes(key), flip(key)); })),
    { heading: "Parameters" },
    ...parameters.map((item) => { const key = parameterKey(item); return check(`${item.section}/${item.name}`, state.columns.includes(key), flip(key)); }),
    "-", { label: "Back to the usual columns", icon: "reset", run: () => { remember({ tables: { [project ?? "all"]: null } }).then(() => location.assign(location.pathname)); } },
  ], { search: "Find a column…" });
}

/** Opens the menu of saved views. A view is a name and an address; it is the reader's own, and its link works for everybody. */
export async function viewMenu(anchor, { place, write }) {
  const views = (await preferences()).views?.[place] ?? [];
  const keep = (next) => remember({ views: { [place]: next } });
  openMenu(anchor, [
    ...views.map(({ name, query }) => ({ label: name, icon: "list", href: location.pathname + query })),
    views.length ? "-" : { heading: "No view has been saved here" },
    { label: "Save this view…", icon: "save", run: async () => {
      const values = await ask({ title: "Save this view", action: "Save", fields: [{ name: "name", label: "Name", required: true }] });
      if (!values) return;
      await keep([...views.filter(({ name }) => name !== values.name), { name: values.name, query: write() }]);
      toast(`Saved the view “${values.name}”`, { kind: "done" });
    } },
    ...(views.length ? [{ label: "Remove a view…", icon: "trash", run: () => openMenu(anchor, views.map((view) => ({ label: view.name, icon: "trash", run: () => keep(views.filter((other) => other !== view)) }))) }] : []),
  ]);
}
