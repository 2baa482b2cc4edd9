// Tracebacks of Python in a log: which lines belong to one, and which lines are shown while some are folded.
import { plain } from "./ansi.js";

const HEAD = /^\s*(?:\+ Exception Group )?Traceback \(most recent call last\):?\s*$/;

/** What folding needs to know of a line: whether it begins a traceback, and whether it may stand inside one. */
export const marks = (text) => { const shown = plain(text); return { head: HEAD.test(shown), inside: /^\s/.test(shown) || shown === "" }; };

/** The index after the last indented line of the traceback that begins at `from`; there stands what was raised. */
function endOf(lines, from) {
  let at = from + 1;
  while (at < lines.length && lines[at].inside && !lines[at].head) at += 1;
  return at;
}

/** The indices of the lines that are shown: of a folded traceback the first line (it gets `folded`, how many are hidden) and what was raised. */
export function visible(lines, opened) {
  const shown = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    shown.push(at);
    if (!line.head) continue;
    const end = endOf(lines, at);
    line.folds = end - at - 1;
    line.folded = line.folds > 1 && !opened.has(line);
    if (line.folded) at = end - 1;
  }
  return shown;
}

/** The first line of the traceback that hides the line at `index`, or undefined. */
export function headOf(lines, index) {
  let at = index;
  while (at >= 0 && lines[at].inside && !lines[at].head) at -= 1;
  return at >= 0 && lines[at].head ? lines[at] : undefined;
}
