// The command palette (Ctrl-K): go to anything by name or id, run an action of this page.
import { call, literal } from "./api.js";
import { debounce, findAll, h, icon, status, url } from "./dom.js";

const commands = [];

/** Adds an action to the palette. */
export function command(label, run, iconName = "bolt") {
  commands.push({ label, run, icon: iconName, group: "Actions" });
}

const SOURCES = [
  { group: "Tasks", endpoint: "tasks.get_all_ex", key: "tasks", fields: ["id", "name"], only: ["name", "status", "project.name"], icon: "task",
    href: (row) => `/projects/${row.project?.id ?? "*"}/tasks/${row.id}` , end: (row) => row.project?.name, node: (row) => status(row.status) },
  { group: "Projects", endpoint: "projects.get_all_ex", key: "projects", fields: ["id", "name"], only: ["name"], icon: "folder", href: (row) => `/projects/${row.id}/tasks` },
  { group: "Models", endpoint: "models.get_all_ex", key: "models", fields: ["id", "name"], only: ["name", "project.name"], icon: "model", page: "/models", href: (row) => `/models/${row.id}`, end: (row) => row.project?.name },
  { group: "Queues", endpoint: "queues.get_all_ex", key: "queues", fields: ["id", "name"], only: ["name"], icon: "queue", page: "/queues", href: (row) => `/queues?id=${row.id}` },
];

async function look(source, pattern, signal) {
  const body = { _any_: { pattern, fields: source.fields }, page: 0, page_size: 6, only_fields: source.only, order_by: source.key === "queues" ? ["name"] : ["-last_update"] };
  const reply = await call(source.endpoint, body, { quiet: true, signal });
  return (reply[source.key] ?? []).map((row) => ({ group: source.group, icon: source.icon, label: row.name, href: url(source.href(row)), end: source.end?.(row), node: source.node?.(row) }));
}

function pages() {
  return findAll(".rail a.item").map((link) => ({ group: "Go to", icon: link.dataset.icon ?? "arrow", label: link.textContent.trim(), href: link.href }));
}

/** Opens the palette. */
export function openPalette() {
  if (document.querySelector("dialog.palette")) return;
  const list = h("ul", { role: "listbox", id: "palette-list", "aria-label": "Results" });
  const input = h("input", { type: "text", placeholder: "Search tasks, projects, models, or run a command…", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-label": "Search or run a command", autocomplete: "off", spellcheck: "false" });
  const dialog = h("dialog", { class: "dialog palette", "aria-label": "Search and commands" }, input, list);
  let options = [];
  let chosen = 0;
  let request = null;

  function draw() {
    let group = "";
    list.replaceChildren(...options.flatMap((option, index) => {
      const row = h("li", { class: "option", role: "option", id: `palette-${index}`, "aria-selected": String(index === chosen), onclick: () => go(option) },
        icon(option.icon), option.node, h("span", { class: "clip", text: option.label }), option.end && h("span", { class: "end clip", text: option.end }));
      const head = option.group !== group && h("li", { class: "group", role: "presentation", text: option.group });
      group = option.group;
      return head ? [head, row] : [row];
    }));
    if (!options.length) list.append(h("li", { class: "group", role: "presentation", text: input.value ? "Nothing found" : "" }));
    input.setAttribute("aria-activedescendant", `palette-${chosen}`);
    document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }
  function go(option) {
    dialog.close();
    if (option.href) location.assign(option.href);
    else option.run();
  }
  const search = debounce(async (text) => {
    request?.abort();
    request = new AbortController();
    const found = await Promise.all(SOURCES.filter(({ page }) => !page || document.querySelector(`.rail a[href$="${page}"]`)).map((source) => look(source, literal(text), request.signal).catch(() => [])));
    if (input.value.trim() !== text) return;
    options = [...local(text), ...found.flat(), { group: "Search", icon: "search", label: `Search everywhere for “${text}”`, href: url(`/search?q=${encodeURIComponent(text)}`) }];
    chosen = 0;
    draw();
  }, 140);
  const local = (text) => [...commands, ...pages()].filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
  function update() {
    const text = input.value.trim();
    options = local(text);
    chosen = 0;
    draw();
    if (text.length > 1) search(text);
  }
  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      chosen = (chosen + step + options.length) % Math.max(1, options.length);
      draw();
    } else if (event.key === "Enter" && options[chosen]) {
      event.preventDefault();
      go(options[chosen]);
    }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  update();
}
