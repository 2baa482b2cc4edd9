// Menus of the table of tasks: which columns are shown, and the views that the reader has saved.
import { call, remember } from "./api.js";
import { FIXED, metricKey, parameterKey } from "./columns.js";
import { ask } from "./dialog.js";
import { h, icon } from "./dom.js";
import { openMenu } from "./menu.js";
import { metricNames, parameterNames } from "./names.js";
import { toast } from "./toast.js";

const check = (label, checked, run) => h("label", { class: "item check" }, h("input", { type: "checkbox", checked, onchange: (event) => run(event.target.checked) }), h("span", { class: "clip", title: label, text: label }));

/** Opens the menu of columns below `anchor`: fixed ones, then every metric and parameter of the project, found by typing. */
export async function columnMenu(anchor, { state, page, setColumns }) {
  const project = page.project?.id;
  const flip = (key) => (on) => setColumns(on ? [...state.columns, key] : state.columns.filter((other) => other !== key));
  const [metrics, parameters] = await Promise.all([metricNames(page), parameterNames(page)]);
  openMenu(anchor, [
    ...Object.entries(FIXED).filter(([, { fixed }]) => !fixed).map(([key, { title }]) => check(title, state.columns.includes(key), flip(key))),
    { heading: "Metrics" },
    ...metrics.flatMap((item) => ["value", "min_value", "max_value"].map((kind) => { const key = metricKey(item, kind); return check(`${item.metric} / ${item.variant} · ${{ value: "last", min_value: "min", max_value: "max" }[kind]}`, state.columns.includes(key), flip(key)); })),
    { heading: "Parameters" },
    ...parameters.map((item) => { const key = parameterKey(item); return check(`${item.section}/${item.name}`, state.columns.includes(key), flip(key)); }),
    "-", { label: "Back to the usual columns", icon: "reset", run: () => { remember({ tables: { [project ?? "all"]: null } }).then(() => location.assign(location.pathname)); } },
  ], { search: "Find a column…" });
}

const words = (view) => (view.shared ? "shared" : "only you");

async function save(pageName, write, done) {
  const values = await ask({
    title: "Save this view", action: "Save",
    fields: [{ name: "name", label: "Name", required: true, help: "Columns, filters, order, grouping and form are kept. Your view of the same name is replaced." }, { name: "shared", type: "checkbox", label: "Show it to everybody", value: false }],
    submit: ({ name, shared }) => call("views.save", { page: pageName, name, shared, search: write() }, { quiet: true }),
  });
  if (values) { toast("Saved the view", { kind: "done" }); done(); }
}

/** The saved views of a table as tabs in `root`; the one that the address shows is marked. */
export async function viewTabs(root, { place, write }) {
  const pageName = `tasks/${place}`;
  const draw = async () => {
    const { views } = await call("views.get_all", { page: pageName }, { quiet: true }).catch(() => ({ views: [] }));
    const here = write();
    const tab = ({ name, search, shared }) => h("a", { href: location.pathname + search, "aria-current": search === here ? "page" : undefined, title: shared ? "Shared with everybody" : "Only you see it" }, name, shared && icon("user", "small"));
    root.replaceChildren(...(views.length ? [h("a", { href: location.pathname, "aria-current": location.search ? undefined : "page", text: "Default" }), ...views.map(tab)] : []));
    root.hidden = !views.length;
    return views;
  };
  let views = await draw();
  return (anchor) => openMenu(anchor, [
    ...views.map((view) => ({ label: view.name, icon: "list", end: words(view), href: location.pathname + view.search })),
    views.length ? "-" : { heading: "No view has been saved here" },
    { label: "Save this view…", icon: "save", run: () => save(pageName, write, async () => { views = await draw(); }) },
    ...views.filter(({ own }) => own).map((view) => ({ label: `Remove “${view.name}”`, icon: "trash", run: async () => { await call("views.delete", { view: view.id }); views = await draw(); } })),
  ]);
}
