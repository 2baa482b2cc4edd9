// Menus: <button data-menu="id"> opens the popover with that id; openMenu() builds one from a list.
import { find, findAll, h, icon } from "./dom.js";

function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(8, Math.min(box.left, innerWidth - width - 8));
  const below = box.bottom + 4 + height <= innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
}

function open(menu, anchor) {
  menu.showPopover();
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  menu.addEventListener("toggle", (event) => { if (event.newState === "closed") anchor.setAttribute("aria-expanded", "false"); });
  (find("input", menu) ?? find(".item:not(:disabled)", menu))?.focus();
}

function move(event) {
  const menu = event.target.closest?.(".menu");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step) return;
  event.preventDefault();
  const items = findAll(".item:not(:disabled)", menu).filter((item) => !item.hidden);
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
}

/**
 * Opens a menu below `anchor`. An item is {label, icon, run, disabled, danger, end, href}, {heading}, or "-" for a line.
 * `search` adds a field that filters the items. Returns the menu; it leaves the page when closed.
 */
export function openMenu(anchor, items, { search = "" } = {}) {
  const menu = h("div", { class: "menu", popover: "auto", role: "menu" });
  if (search) menu.append(h("input", { type: "search", placeholder: search, "aria-label": search, oninput: (event) => filter(menu, event.target.value) }));
  menu.append(...items.map((item) => entry(item, menu)));
  menu.addEventListener("toggle", (event) => { if (event.newState === "closed") menu.remove(); });
  (anchor.closest("dialog") ?? document.body).append(menu);
  open(menu, anchor);
  return menu;
}

function entry(item, menu) {
  if (item === "-") return h("hr");
  if (item.heading) return h("div", { class: "heading", text: item.heading });
  if (item instanceof Node) return item;
  const body = [item.icon && icon(item.icon), item.node, h("span", { class: "clip", text: item.label }), item.end && h("span", { class: "end muted small", text: item.end }), item.checked !== undefined && item.checked && icon("check", "end")];
  const common = { class: `item ${item.danger ? "danger" : ""}`, role: "menuitem", title: item.title };
  if (item.href) return h("a", { ...common, href: item.href }, body);
  return h("button", { ...common, type: "button", disabled: Boolean(item.disabled), onclick: () => { if (!item.stay) menu.hidePopover(); item.run(menu); } }, body);
}

function filter(menu, text) {
  for (const item of findAll(".item", menu)) item.hidden = !item.textContent.toLowerCase().includes(text.toLowerCase());
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu]");
  const menu = button && document.getElementById(button.dataset.menu);
  if (!menu) return;
  if (menu.matches(":popover-open")) menu.hidePopover();
  else open(menu, button);
});
document.addEventListener("keydown", move);
