// Small helpers to build and find elements. Text is always set as text, never parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = new URL("../img/icons.svg", import.meta.url).pathname;

/** The first element in `root` that matches. */
export const find = (selector, root = document) => root.querySelector(selector);
/** All elements in `root` that match, as an array. */
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

function assign(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === "class") element.setAttribute("class", value);
  else if (name === "text") element.textContent = value;
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, item] of Object.entries(value)) element.style.setProperty(key, item);
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name in element && typeof value === "boolean") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function build(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) assign(element, name, value);
  element.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** An HTML element: h("a", {class: "x", href: url, onclick: fn, style: {"--w": "3px"}}, "text", node). */
export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);
/** An SVG element, with the same arguments. */
export const svg = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);
/** An icon of the sprite. */
export const icon = (name, extra = "") => svg("svg", { class: `icon ${extra}`, "aria-hidden": "true" }, svg("use", { href: `${SPRITE}#${name}` }));

/** A status as a dot and a word. */
export const status = (value) => h("span", { class: "status", data: { status: value } }, STATUS_NAMES[value] ?? value);
/** The words for the statuses of the protocol. */
export const STATUS_NAMES = {
  created: "Draft", queued: "Queued", in_progress: "Running", completed: "Completed", published: "Published", publishing: "Publishing",
  failed: "Failed", stopped: "Aborted", closed: "Completed", unknown: "Unknown",
};

/** An empty state: what would be here, and how to get it. */
export const empty = (title, text) => h("div", { class: "empty" }, h("h3", { text: title }), text && h("p", { text }));

/** The JSON of a data block `<script type="application/json" id="…">`, or undefined. */
export function data(id) {
  const block = document.getElementById(id);
  return block ? JSON.parse(block.textContent) : undefined;
}

/** The prefix of the deployment, without a slash at the end. */
export const PREFIX = document.documentElement.dataset.prefix ?? "";
/** A path of this deployment. */
export const url = (path) => PREFIX + path;

/** Calls `fn` once, `wait` ms after the last request for it. */
export function debounce(fn, wait = 200) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), wait);
  };
}

/** Saves bytes or text as a file of the reader. */
export function save(name, content, type = "text/plain") {
  const link = h("a", { href: URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const FORMULA = /^(\s*[=@+-]|[\t\r])/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** A cell of a CSV file; what a spreadsheet would compute is made text, as in the files of the server. */
const csvCell = (value) => {
  const text = value === undefined || value === null ? "" : String(value);
  return `"${(FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
};
/** Rows (arrays) as CSV text. */
export const csv = (rows) => `\ufeff${rows.map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
