// Lists whose rows can be chosen: one menu for a row or for all that are chosen, work step by step with progress, failures by name.
import { find, findAll } from "./dom.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { openMenu } from "./menu.js";
import "./table_csv.js";
import { toast } from "./toast.js";

const boxes = () => findAll("[data-choose]:checked").map((box) => box.closest("[data-row]"));
const read = (row) => JSON.parse(row.dataset.row);

/** "“name”", or "3 reports". */
export const named = (items, noun) => (items.length === 1 ? `“${items[0].name}”` : count(items.length, noun));

/** Tells how work on many went, with an undo for what was done; what failed is listed by name. */
export async function told(items, failed, word, noun, undo = null) {
  await refresh().catch(() => undefined);
  const done = items.filter(({ id }) => !failed.has(id));
  const lines = items.filter(({ id }) => failed.has(id)).map(({ id, name }) => `${name}: ${failed.get(id)}`);
  toast(lines.length ? `${word} ${done.length} of ${items.length}` : `${word} ${named(items, noun)}`, { kind: lines.length ? "error" : "done", list: lines, undo: undo && done.length ? () => undo(done) : null });
  return done;
}

/** Does `step(item)` for each item, one after another, with a bar of progress; resolves to a map of what failed: id → why. */
export async function each(items, word, step) {
  const failed = new Map();
  const bar = Object.assign(document.createElement("progress"), { max: items.length, value: 0 });
  bar.setAttribute("aria-label", word);
  const box = items.length > 3 ? toast(`${word}…`, { seconds: 86400 }) : null;
  box?.firstChild.append(bar);
  for (const item of items) {
    await step(item).catch((error) => failed.set(item.id, error.message));
    bar.value += 1;
  }
  box?.remove();
  return failed;
}

function items(actions, rows) {
  return actions.filter(({ one }) => !one || rows.length === 1).map((action) => {
    if (action === "-") return action;
    const fit = rows.filter(action.fits ?? (() => true));
    return { ...action, disabled: !fit.length, end: fit.length && fit.length < rows.length ? `${fit.length} of ${rows.length}` : "", title: fit.length ? "" : action.why ?? "", run: () => action.run(fit) };
  });
}

function tell(noun) {
  const button = find("[data-selected]");
  const amount = boxes().length;
  if (button) {
    button.disabled = !amount;
    find("span", button).textContent = amount ? `${count(amount, noun)} chosen` : "None chosen";
  }
  const all = find("[data-choose-all]");
  if (all) Object.assign(all, { checked: amount > 0 && amount === findAll("[data-choose]").length, indeterminate: amount > 0 && amount < findAll("[data-choose]").length });
}

let last = null;
function range(box, shift) {
  const all = findAll("[data-choose]");
  if (shift && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((left, right) => left - right);
    for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }
  last = box;
}

/**
 * Binds a list: rows are `[data-row]` with JSON {id, name, …}, their boxes `[data-choose]`, their menus `[data-row-menu]`, the button of
 * all that are chosen `[data-selected]`. An action is {label, icon, run(items), fits(item), one, danger, why}. `menu(items)` may give the
 * items of the menu instead.
 */
export function bindRows(noun, actions, menu = null) {
  const open = (anchor, rows) => openMenu(anchor, menu ? menu(rows) : items(actions, rows));
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-choose]");
    if (box) range(box, event.shiftKey);
    const button = event.target.closest("[data-row-menu], [data-selected]");
    if (button) open(button, button.matches("[data-selected]") ? boxes().map(read) : [read(button.closest("[data-row]"))]);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-choose-all]")) for (const box of findAll("[data-choose]")) box.checked = target.checked;
    if (target.matches("[data-choose], [data-choose-all]")) tell(noun);
  });
  document.addEventListener("trackyard:refreshed", () => tell(noun));
  tell(noun);
}
