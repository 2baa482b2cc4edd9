// Keyboard shortcuts: single keys ("j", "?") and two in a row ("g p"). Nothing fires while somebody types.
import { h } from "./dom.js";
import { show } from "./dialog.js";

const bindings = new Map();
let first = "";
let timer = 0;

/** Binds keys to a function. The title appears in the list of all keys. */
export function bind(keys, title, run) {
  bindings.set(keys, { title, run });
}

const typing = (target) => target.closest?.("input:not([type=checkbox], [type=range]), textarea, select, [contenteditable]") || document.querySelector("dialog[open]");

function name(event) {
  if (event.ctrlKey || event.metaKey) return `mod+${event.key.toLowerCase()}`;
  return event.key;
}

function press(event) {
  if (event.defaultPrevented || event.altKey) return;
  const pressed = name(event);
  if (typing(event.target) && !pressed.startsWith("mod+k")) return;
  const chord = bindings.get(first ? `${first} ${pressed}` : pressed) ?? bindings.get(pressed);
  clearTimeout(timer);
  first = "";
  if (chord) {
    event.preventDefault();
    chord.run(event);
  } else if (pressed === "g") {
    first = "g";
    timer = setTimeout(() => { first = ""; }, 1200);
  }
}

/** Shows every key that works on this page. */
export function help() {
  const rows = [...bindings].filter(([, { title }]) => title).map(([keys, { title }]) =>
    h("div", { class: "row" }, h("span", { class: "grow", text: title }), h("span", { class: "row" }, keys.replace("mod+", "Ctrl ").split(" ").map((part) => h("kbd", { text: part.length === 1 ? part.toUpperCase() : part })))));
  show({ title: "Keys", content: h("div", { class: "stack" }, rows) });
}

document.addEventListener("keydown", press);
