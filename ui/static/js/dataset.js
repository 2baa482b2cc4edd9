// The page of a dataset: its versions with their actions, what one holds and how it differs from another.
import { menuItems } from "./actions.js";
import { call } from "./api.js";
import { ask } from "./dialog.js";
import { refresh } from "./live.js";
import { bindRows } from "./rows.js";
import "./stay.js";

const SHOWN = ["abort", "publish", "tags", "rename", "archive", "restore", "delete"];
bindRows("version", [], (rows) => menuItems(rows).filter(({ name }) => SHOWN.includes(name)));

async function describe({ describe: task, comment }) {
  if (await ask({ title: "Description", action: "Save", kind: "wide", fields: [{ name: "comment", label: "Text", type: "textarea", rows: 6, value: comment }], submit: (values) => call("tasks.update", { task, comment: values.comment }, { quiet: true }) })) await refresh();
}

document.addEventListener("trackyard:changed", () => refresh());
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-describe]");
  if (button) describe(button.dataset);
});
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-base]")) return;
  const query = new URLSearchParams(location.search);
  query.set("base", target.value);
  history.replaceState(null, "", `?${query}`);
  refresh();
});
