// Console text with ANSI colours as elements; and what a line is about (an error, a warning).
import { h } from "./dom.js";

const CODES = /\x1b\[([0-9;]*)m/g;
const OTHER = /\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]/g;

/** The last state of a line that a progress bar has written over with carriage returns. */
export const settle = (line) => line.replace(/\r+$/, "").split("\r").pop();

function style(classes, codes) {
  for (const code of codes.split(";").map(Number)) {
    if (code === 0) classes.clear();
    else if (code === 1) classes.add("bold");
    else if (code === 39) for (const name of [...classes]) if (name.startsWith("ansi")) classes.delete(name);
    if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      for (const name of [...classes]) if (name.startsWith("ansi")) classes.delete(name);
      classes.add(`ansi-${code % 10}`);
    }
  }
}

/** A line as text nodes and coloured spans. */
export function render(line) {
  const parts = line.replace(OTHER, "").split(CODES);
  if (parts.length === 1) return [parts[0]];
  const classes = new Set();
  return parts.flatMap((part, index) => {
    if (index % 2) { style(classes, part); return []; }
    if (!part) return [];
    return [classes.size ? h("span", { class: [...classes].join(" "), text: part }) : part];
  });
}

/** The line without colours. */
export const plain = (line) => line.replace(CODES, "").replace(OTHER, "");

/** "error", "warning" or "" for a line. */
export function level(text, given = "") {
  if (/error|critical|fatal/i.test(given) || /^\s*(?:Traceback \(most recent call last\)|[\w.]*(?:Error|Exception)\b:?)|\b(?:ERROR|CRITICAL|FATAL)\b/.test(text)) return "error";
  return /warn/i.test(given) || /\bWARN(?:ING)?\b/.test(text) ? "warning" : "";
}
