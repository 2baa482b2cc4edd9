// A report: read it, and write it in Markdown beside a preview, with pictures that are uploaded and plots that are embedded.
import { call } from "./api.js";
import { show } from "./dialog.js";
import { data, debounce, find, h, icon, PREFIX, url } from "./dom.js";
import { openMenu } from "./menu.js";
import { REPORT_ACTIONS } from "./report_actions.js";
import { toast } from "./toast.js";

const report = data("report-data");
const text = find("#report-text");

function menu(button) {
  openMenu(button, [
    { label: "Copy the Markdown", icon: "copy", run: () => navigator.clipboard.writeText(find("#report-source").textContent) },
    { label: "Copy a link", icon: "link", run: () => navigator.clipboard.writeText(`${location.origin}${url(`/reports/${report.id}`)}`) },
    { label: "Print or save as PDF", icon: "report", run: () => print() }, "-",
    ...REPORT_ACTIONS.map((action) => ({ ...action, disabled: !(action.fits?.(report) ?? true), title: action.fits?.(report) === false ? action.why : "", run: async () => { await action.run([report]); if (!action.danger) location.reload(); } })),
  ]);
}

// ---- writing -------------------------------------------------------------------------------------------------------------

let saved = text?.value;
const tell = () => { find("#edit-state").textContent = text.value === saved ? "Saved" : "Not saved"; };

async function preview() {
  const response = await fetch(url("/reports/preview"), { method: "POST", body: text.value, credentials: "same-origin", headers: { "Content-Type": "text/plain" } });
  if (!response.ok) return;
  // cleaned by the server: no script, style or handler is in it; frames show only our own page of plots, and stay while they are the same
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
  const frames = new Map([...find("#report-preview").querySelectorAll("iframe")].map((frame) => [frame.getAttribute("src"), frame]));
  const next = [...fresh.querySelectorAll("iframe")].every((frame) => frames.has(frame.getAttribute("src"))) && frames.size === fresh.querySelectorAll("iframe").length;
  const { morph } = await import("./morph.js");
  const target = h("div", { class: "prose", id: "report-preview", tabindex: "0", role: "region", "aria-label": "Preview" });
  target.append(...fresh.childNodes);
  if (next) morph(find("#report-preview"), target);
  else find("#report-preview").replaceChildren(...target.childNodes);
}

function twice() {
  const names = [...text.value.matchAll(/<iframe\b[^>]*\bname=["']?([^"'\s>]+)/gi)].map(([, name]) => name);
  return names.find((name, index) => names.indexOf(name) !== index);
}

async function save() {
  const double = twice();
  if (double) return toast("Two embedded plots have the same name", { kind: "error", detail: `Copy the embed code again for one of them: ${double}` });
  const sent = text.value;
  await call("reports.update", { task: report.id, report: sent, report_assets: report.assets });
  saved = sent;
  tell();
  return toast("Saved", { kind: "done" });
}

// keeps the browser's own undo; where that is not there any more, the text is set
function insert(value) {
  text.focus();
  if (!document.execCommand?.("insertText", false, value)) text.setRangeText(value, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input"));
}

function put(before, after = "", fallback = "") {
  const { selectionStart: from, selectionEnd: to, value } = text;
  const inner = value.slice(from, to) || fallback;
  insert(before + inner + after);
  text.setSelectionRange(from + before.length, from + before.length + inner.length);
}

function startOfLine(mark) {
  text.setSelectionRange(text.value.lastIndexOf("\n", text.selectionStart - 1) + 1, text.selectionEnd);
  insert(text.value.slice(text.selectionStart, text.selectionEnd).split("\n").map((line) => mark + line).join("\n"));
}

async function upload(files) {
  for (const file of files) {
    const name = `${Date.now().toString(36)}-${file.name.replace(/[^\w.-]+/g, "-")}`;
    const form = new FormData();
    form.append(`reports/${report.id}/${name}`, file, name);
    const response = await fetch(`${PREFIX}/files/`, { method: "POST", body: form, credentials: "same-origin" });
    if (!response.ok) { toast(`“${file.name}” was not stored`, { kind: "error", detail: `The server answered ${response.status}` }); continue; }
    const address = `${location.origin}${PREFIX}/files/reports/${report.id}/${name}`;
    report.assets.push(address);
    await call("reports.update", { task: report.id, report_assets: report.assets });
    put(`![${file.name.replace(/[[\]]/g, "")}](${address})\n`);
  }
}

async function drop(address, row) {
  await fetch(address.replace(/^https?:\/\/[^/]+/, ""), { method: "DELETE", credentials: "same-origin" }).catch(() => undefined);
  report.assets = report.assets.filter((other) => other !== address);
  await call("reports.update", { task: report.id, report_assets: report.assets });
  row.remove();
}

function pictures() {
  const row = (address) => {
    const used = text.value.includes(address);
    const item = h("li", { class: "row" }, h("img", { class: "tiny-picture", src: address, alt: "" }), h("span", { class: "clip grow", text: address.split("/").pop() }), h("span", { class: used ? "muted small" : "tag", text: used ? "used" : "not used" }),
      h("button", { class: "btn tiny", type: "button", text: "Insert", onclick: () => { dialog.close(); put(`![](${address})`); } }), h("button", { class: "btn tiny danger", type: "button", "aria-label": `Delete ${address.split("/").pop()}`, onclick: () => drop(address, item) }, "Delete"));
    return item;
  };
  const dialog = show({ title: "Pictures of this report", kind: "wide", content: report.assets.length ? h("ul", { class: "stack" }, report.assets.map(row)) : h("p", { class: "muted", text: "None yet. Drop pictures into the text, paste them, or choose files." }) });
}

const SHEET = [["**bold**", "bold"], ["*italic*", "italic"], ["~~gone~~", "struck out"], ["# Title, ## Section", "titles"], ["- item", "list"], ["1. item", "numbered list"], ["[text](https://…)", "link"], ["![text](https://…)", "picture"], ["`code`, ``` on lines of their own", "code"], ["> text", "quotation"], ["| a | b |\n| --- | --- |", "table"], ["---", "line"], ["<iframe src=…>", "live plot: Copy the embed code in the menu of a chart"]];
const sheet = () => show({ title: "How to write", content: h("table", { class: "plainrows" }, h("tbody", {}, SHEET.map(([code, meaning]) => h("tr", {}, h("td", { class: "mono wrap", text: code }), h("td", { text: meaning }))))) });
const pick = () => { const input = h("input", { type: "file", accept: "image/*", multiple: true, onchange: () => upload(input.files) }); input.click(); };

const TOOLS = [
  ["Title", "heading", () => startOfLine("## ")], ["Bold", "bold", () => put("**", "**", "bold")], ["Italic", "italic", () => put("*", "*", "italic")], ["Link", "link", () => put("[", "](https://)", "text")],
  ["List", "list", () => startOfLine("- ")], ["Code", "code", () => put("`", "`", "code")], ["Table", "columns", () => put("\n| a | b |\n| --- | --- |\n| ", " |  |\n", "1")], ["Upload a picture", "image", pick], ["Pictures", "archive", pictures], ["How to write", "info", sheet],
];

if (text) {
  const later = debounce(preview, 300);
  find("#report-tools").replaceChildren(...TOOLS.map(([label, name, run]) => h("button", { class: "btn ghost square", type: "button", "aria-label": label, title: label, onclick: run }, icon(name))));
  text.addEventListener("input", () => { tell(); later(); });
  text.addEventListener("paste", (event) => { const files = [...event.clipboardData.files].filter(({ type }) => type.startsWith("image/")); if (files.length) { event.preventDefault(); upload(files); } });
  text.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) { event.preventDefault(); upload(event.dataTransfer.files); } });
  addEventListener("beforeunload", (event) => { if (text.value !== saved) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const run = { s: save, b: () => put("**", "**", "bold"), i: () => put("*", "*", "italic") }[event.key];
    if (run) { event.preventDefault(); run(); }
  });
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-report-menu], [data-save]");
  if (button) (button.matches("[data-save]") ? save : menu)(button);
});
