// What every page has: drawer, rail, theme, menus, palette, keys, times, copy buttons, live regions.
import { find, findAll, icon, url } from "./dom.js";
import { ago, stamp } from "./format.js";
import { bind, help } from "./keys.js";
import { poll, refresh, toggle } from "./live.js";
import "./menu.js";
import { command, openPalette } from "./palette.js";
import { call, remember } from "./api.js";
import "./table_csv.js";
import { toast } from "./toast.js";

const root = document.documentElement;

function theme(value) {
  localStorage.setItem("trackyard.theme", value);
  if (value === "system") delete root.dataset.theme;
  else root.dataset.theme = value;
  document.dispatchEvent(new CustomEvent("trackyard:theme"));
  remember({ theme: value });
}

function rail() {
  const icons = root.dataset.rail === "icons";
  if (icons) delete root.dataset.rail;
  else root.dataset.rail = "icons";
  localStorage.setItem("trackyard.rail", icons ? "" : "icons");
}

function times() {
  for (const element of findAll("time[data-relative]")) {
    const text = ago(element.dateTime);
    if (text !== element.textContent) element.textContent = text;
    element.title = stamp(element.dateTime);
  }
  for (const element of findAll("time[data-stamp]")) element.textContent = stamp(element.dateTime);
}

async function copy(button) {
  const source = button.dataset.copy || document.getElementById(button.dataset.copyFrom)?.textContent || "";
  try {
    await navigator.clipboard.writeText(source.trim());
    const before = [...button.childNodes];
    button.replaceChildren(icon("check", button.classList.contains("tiny") ? "small" : ""));
    setTimeout(() => button.replaceChildren(...before), 1200);
  } catch {
    toast("The browser didn't allow copying", { kind: "error" });
  }
}

async function logOut() {
  await call("login.logout", {}, { quiet: true }).catch(() => undefined);
  location.assign(url("/login"));
}

const CLICKS = {
  "[data-copy], [data-copy-from]": copy,
  "[data-theme-value]": (button) => theme(button.dataset.themeValue),
  "[data-rail-toggle]": rail,
  "[data-drawer-toggle]": () => root.toggleAttribute("data-drawer"),
  "[data-palette]": openPalette,
  "[data-help]": help,
  "[data-logout]": logOut,
  "#live": toggle,
};

document.addEventListener("click", (event) => {
  for (const [selector, run] of Object.entries(CLICKS)) {
    const target = event.target.closest(selector);
    if (target) return run(target);
  }
  if (root.hasAttribute("data-drawer") && !event.target.closest(".rail")) root.removeAttribute("data-drawer");
  return undefined;
});

bind("mod+k", "Search and commands", openPalette);
bind("?", "All keys", help);
const letters = new Set();
for (const link of findAll(".rail a.item")) {
  const title = link.textContent.trim();
  const letter = title[0].toLowerCase();
  if (!letters.has(letter)) bind(`g ${letter}`, `Go to ${title}`, () => location.assign(link.href));
  letters.add(letter);
}
bind("/", "Filter", () => find("[data-filter]")?.focus());

command("Use the light theme", () => theme("light"), "sun");
command("Use the dark theme", () => theme("dark"), "moon");
command("Use the theme of the system", () => theme("system"), "screen");
command("Show all keys", help, "keyboard");
command("Log out", logOut, "out");

times();
setInterval(times, 15000);
document.addEventListener("trackyard:refreshed", times);

const every = Number(find("[data-refresh]")?.dataset.refresh ?? 0);
if (every) poll(refresh, every * 1000);
