// Short messages at the lower right: errors with their request id, results with an undo, partial failures as a list.
import { find, h, icon } from "./dom.js";

/** Shows a message. `undo` is an async function; `list` holds lines that failed; `detail` is a second, quiet line. */
export function toast(text, { kind = "info", detail = "", undo = null, list = [], seconds = kind === "error" || list.length || undo ? 20 : 8 } = {}) {
  const box = h("div", { class: "toast", data: { kind }, role: kind === "error" ? "alert" : "status" });
  const close = () => box.remove();
  box.append(h("div", { class: "grow" }, h("div", { text }), detail && h("div", { class: "small", text: detail }), list.length > 0 && failures(list)));
  if (undo) box.append(h("button", { class: "btn tiny", text: "Undo", onclick: () => { close(); undo(); } }));
  box.append(h("button", { class: "btn ghost tiny square", "aria-label": "Close message", onclick: close }, icon("close", "small")));
  find("#toasts").append(box);
  setTimeout(close, seconds * 1000);
  return box;
}

const failures = (lines) => h("details", { open: lines.length < 4 }, h("summary", { text: "More about it" }), h("ul", {}, lines.map((line) => h("li", { text: line }))));
