// The settings of plugins as forms made from their declared types; what is saved goes into the file and counts from the next start.
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { find, findAll } from "./dom.js";
import { refresh } from "./live.js";
import { toast } from "./toast.js";

const NUMBERS = new Set(["whole number", "number"]);
const shown = ({ kind, value }) => (kind === "lines" ? (value ?? []).join("\n") : value ?? "");
const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);

function field(item) {
  const now = { ...item, value: item.pending ?? item.value };
  const plain = { name: item.key, label: item.key, value: shown(now), help: item.kind === "switch" ? item.description : `${item.description ? `${item.description}; ` : ""}${item.kind === "lines" ? "one per line" : item.kind}; default: ${JSON.stringify(item.default)}` };
  if (item.kind === "switch") return { ...plain, type: "checkbox", value: now.value };
  if (item.kind === "choice") return { ...plain, type: "select", options: item.options.map((name) => [name, name]) };
  if (item.kind === "lines") return { ...plain, type: "textarea", rows: 3, code: true };
  return plain;
}

function parsed({ key, kind }, value) {
  if (kind === "lines") return value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!NUMBERS.has(kind)) return value;
  if (value.trim() === "") return null;
  const number = Number(value);
  if (!Number.isFinite(number) || (kind === "whole number" && !Number.isInteger(number))) throw new Error(`${key}: “${value}” is not a ${kind}`);
  return number;
}

async function configure(plugin) {
  const open = plugin.settings.filter(({ by_file, secret, kind }) => by_file && !secret && kind !== "other");
  const left = plugin.settings.filter((item) => !open.includes(item)).map(({ key, secret, by_file, source }) => `${key} (${secret ? "a secret: write it into the file" : by_file ? "change it in the file" : `set by ${source}`})`);
  const saved = await ask({
    title: `Settings of ${plugin.name}`, action: "Save", kind: "wide", text: left.length ? `Not here: ${left.join(", ")}` : "", fields: open.map(field),
    submit: async (values) => {
      const settings = Object.fromEntries(open.map((item) => [item.key, parsed(item, values[item.key]), item.pending ?? item.value]).filter(([, value, before]) => !same(value, before)));
      if (Object.keys(settings).length) await call("plugins.configure", { plugin: plugin.name, settings }, { quiet: true });
      return { changed: Object.keys(settings).length };
    },
  });
  if (!saved?.changed) return;
  await refresh();
  toast(`Saved the settings of ${plugin.name}`, { kind: "done", detail: "Restart the server for them to count." });
}

async function turn({ switch: plugin, enabled }) {
  if (enabled && !(await confirm({ title: `Switch off “${plugin}”?`, action: "Switch off", danger: true, text: "After the next start of the server its pages and endpoints are gone, and what needs it is switched off, too." }))) return;
  await call("plugins.switch", { plugin, enabled: !enabled });
  await refresh();
  toast(`${plugin} is ${enabled ? "off" : "on"} after a restart`, { kind: "done", undo: async () => { await call("plugins.switch", { plugin, enabled: Boolean(enabled) }); await refresh(); } });
}

function filter() {
  const text = find("[data-plugin-filter]").value.trim().toLowerCase();
  for (const row of findAll("[data-words]")) row.hidden = !row.dataset.words.toLowerCase().includes(text);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-configure], [data-switch]");
  if (!button) return;
  if (button.dataset.configure) configure(JSON.parse(button.dataset.configure));
  else turn(button.dataset);
});
document.addEventListener("input", ({ target }) => { if (target.matches("[data-plugin-filter]")) filter(); });
document.addEventListener("trackyard:refreshed", filter);
