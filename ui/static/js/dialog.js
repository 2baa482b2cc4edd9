// Dialogs on the native <dialog>: they keep the focus, close with Escape and give it back.
import { h, icon } from "./dom.js";

/** Shows a dialog with a title, content and buttons. Returns the dialog; it leaves the page when closed. */
export function show({ title, content, footer = null, kind = "" }) {
  const dialog = h("dialog", { class: `dialog ${kind}`, "aria-label": title });
  const close = h("button", { class: "btn ghost square", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  dialog.append(h("div", { class: "box" }, h("header", {}, h("h2", { text: title }), close), h("div", { class: "content" }, content), footer));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function buttons(action, danger, dialog) {
  return h("footer", {},
    h("button", { class: "btn", type: "button", text: "Cancel", onclick: () => dialog().close() }),
    h("button", { class: `btn primary ${danger ? "danger" : ""}`, type: "submit", text: action }));
}

/**
 * Asks with a form. `fields` is a list of {name, label, type, value, options, help, required, min}; the result is an object of
 * values, or null when cancelled. `submit`, when given, is awaited with the values: an error it throws is shown in the form.
 */
export function ask({ title, text = "", fields = [], action = "OK", danger = false, extra = null, submit = null, kind = "" }) {
  return new Promise((resolve) => {
    let result = null;
    const error = h("p", { class: "form-error", role: "alert", hidden: true });
    const form = h("form", { method: "dialog" }, h("header", {}, h("h2", { text: title })),
      h("div", { class: "content" }, text && h("p", { text }), fields.map(field), extra, error), buttons(action, danger, () => dialog));
    const dialog = h("dialog", { class: `dialog ${kind}`, "aria-label": title }, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const answer = values(form, fields);
        form.toggleAttribute("inert", true);
        result = submit ? ((await submit(answer)) ?? answer) : answer;
        dialog.close();
      } catch (problem) {
        error.textContent = problem.message;
        error.hidden = false;
      } finally {
        form.toggleAttribute("inert", false);
      }
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(result); });
    document.body.append(dialog);
    dialog.showModal();
    form.querySelector(".content input, .content select, .content textarea")?.focus();
  });
}

/** Asks yes or no; true when agreed. */
export const confirm = async (options) => (await ask(options)) !== null;

function values(form, fields) {
  return Object.fromEntries(fields.map(({ name, type }) => {
    const input = form.elements[name];
    return [name, type === "checkbox" ? input.checked : type === "number" ? (input.value === "" ? null : Number(input.value)) : input.value];
  }));
}

/** One labelled field of a form. */
export function field({ name, label, type = "text", value = "", options = [], help = "", required = false, min, rows, code = false, list = null, step }) {
  const id = `field-${name}`;
  if (type === "checkbox") return h("label", { class: "check field-check" }, h("input", { type, name, checked: Boolean(value) }), h("span", {}, label, help && h("span", { class: "muted", text: ` ${help}` })));
  let input;
  if (type === "select") input = h("select", { id, name }, options.map(([key, text]) => h("option", { value: key, selected: key === value, text })));
  else if (type === "textarea") input = h("textarea", { id, name, rows: rows ?? 4, class: code ? "code" : "", text: value, spellcheck: "false" });
  else input = h("input", { id, name, type, value, required, minlength: min, step, autocomplete: "off", list: list && `${id}-list` });
  const suggestions = list && h("datalist", { id: `${id}-list` }, list.map((item) => h("option", { value: item })));
  return h("div", { class: "field" }, h("label", { for: id, text: label }), input, suggestions, help && h("span", { class: "help", text: help }));
}
