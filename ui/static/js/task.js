// The head of a task's page: its actions, which follow the status.
import { menuItems } from "./actions.js";
import { call } from "./api.js";
import { find, h, icon, url } from "./dom.js";
import { bind } from "./keys.js";
import { refresh } from "./live.js";
import { openMenu } from "./menu.js";
import { command } from "./palette.js";

const element = find("#task-data");

/** The task of the page as its head shows it now. */
export function current() {
  const { id, name, status, archived, tags, project, type } = element.dataset;
  return { id, name, status, type, project, tags: JSON.parse(tags), system_tags: archived === "True" ? ["archived"] : [] };
}

const MAIN = { created: ["enqueue", "clone"], queued: ["dequeue"], in_progress: ["abort"], failed: ["retry", "clone"], stopped: ["enqueue", "clone"], completed: ["clone", "publish"], closed: ["clone"], published: ["clone"] };

function draw() {
  const items = menuItems([current()]);
  const main = items.filter(({ name, disabled }) => MAIN[current().status]?.includes(name) && !disabled);
  find("#task-actions").replaceChildren(
    ...main.map((item, index) => h("button", { class: `btn ${index === 0 && item.name !== "abort" && item.name !== "clone" ? "primary" : ""}`, type: "button", onclick: item.run }, icon(item.icon), item.label)),
    h("button", { class: "btn ghost square", type: "button", "aria-haspopup": "menu", "aria-label": "All actions", onclick: (event) => openMenu(event.currentTarget, menuItems([current()]).map((item) => ({ ...item, run: () => after(item) }))) }, icon("dots")));
}

async function after(item) {
  await item.run();
  if (item.name === "delete") location.assign(url(element.dataset.project ? `/projects/${element.dataset.project}/tasks` : "/tasks"));
}

/** Puts a field in the place of the title: Enter keeps the new name, Escape or leaving it the old one. */
function rename() {
  const title = find(".task-head h1");
  const { id, name } = current();
  const input = h("input", { type: "text", value: name, "aria-label": "Name of the task", minlength: 3, required: true, maxlength: 512 });
  let open = true; // taking the field away makes it lose the focus, which calls this again
  const done = () => { if (open) { open = false; form.replaceWith(title); } };
  const form = h("form", { class: "grow", data: { keep: "" }, onsubmit: async (event) => {
    event.preventDefault();
    if (input.value !== name) await call("tasks.update", { task: id, name: input.value }).catch(() => undefined);
    done();
    await refresh().catch(() => undefined);
  } }, input);
  input.addEventListener("keydown", ({ key }) => { if (key === "Escape") done(); });
  input.addEventListener("blur", done);
  title.replaceWith(form);
  input.focus();
  input.select();
}

document.addEventListener("click", ({ target }) => { if (target.closest("[data-rename]")) rename(); });

let shown = "";
function follow() {
  const text = JSON.stringify(current());
  if (text !== shown) draw();
  shown = text;
}

follow();
document.addEventListener("trackyard:refreshed", follow);
document.addEventListener("trackyard:changed", () => refresh().catch(() => undefined));
for (const item of menuItems([current()])) command(`${item.label.replace("…", "")} this task`, () => menuItems([current()]).find(({ name, disabled }) => name === item.name && !disabled)?.run(), item.icon);
[...document.querySelectorAll(".tabs a")].forEach((link, index) => { if (index < 9) bind(String(index + 1), `Tab ${link.textContent}`, () => link.click()); });
