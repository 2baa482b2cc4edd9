// The console of a task: a virtual list of lines, read in both directions, followed at its end, searched by regular expression.
import { call } from "./api.js";
import { level, plain, render, settle } from "./ansi.js";
import { headOf, marks, visible } from "./console_folds.js";
import { Ruler } from "./console_ruler.js";
import { ask } from "./dialog.js";
import { data, debounce, find, h } from "./dom.js";
import { stamp } from "./format.js";
import { poll } from "./live.js";
import { current } from "./task.js";
import { toast } from "./toast.js";

const LINE = 18;
const page = data("page-data");
const root = find("#log");
const space = h("div", { class: "log-space" });
root.append(space);
const state = { lines: [], first: null, last: null, start: false, follow: !location.hash, times: true, wrap: false, matches: [], at: -1, pattern: null, loading: false, linked: -1, view: [], end: true };
const opened = new WeakSet();
const ruler = new Ruler(find("#log-ruler"), goTo);

function split(event) {
  return String(event.msg ?? "").replace(/\n$/, "").split("\n").map((text) => ({ text: settle(text), time: event.timestamp, level: level(text, event.level), ...marks(settle(text)) }));
}

/** Lays the lines out anew: some of a traceback may be folded. */
function lay() {
  state.view = visible(state.lines, opened);
}

/** The place of a line in the view; what is folded is opened for it. */
function placeOf(index) {
  const line = state.lines[index];
  let head = line && headOf(state.lines, index);
  if (line?.head && !line.folded) head = undefined;
  if (head && head !== line && head.folded) { opened.add(head); lay(); }
  let low = 0;
  let high = state.view.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (state.view[middle] < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

const ordered = (events) => [...events].sort((left, right) => left.timestamp - right.timestamp);

async function read(body) {
  return ordered((await call("events.get_task_log", { task: page.task, batch_size: 1000, ...body }, { quiet: true })).events ?? []);
}

async function older() {
  if (state.start || state.loading || state.first === null) return;
  state.loading = true;
  try {
    const events = await read({ navigate_earlier: true, from_timestamp: state.first });
    if (!events.length) state.start = true;
    else {
      const lines = events.flatMap(split);
      state.first = events[0].timestamp;
      const before = state.view.length;
      state.lines.unshift(...lines);
      lay();
      space.style.height = `${state.view.length * LINE}px`;
      root.scrollTop += (state.view.length - before) * LINE;
      if (state.linked >= 0) state.linked += lines.length;
      const matches = state.matches.length;
      search(false);
      if (state.at >= 0) state.at += state.matches.length - matches;
    }
  } finally {
    state.loading = false;
    draw();
  }
}

async function newer() {
  const events = await read(state.last === null ? { navigate_earlier: true } : { navigate_earlier: false, from_timestamp: state.last });
  state.end = events.length < 1000;
  if (!events.length) return draw();
  state.first ??= events[0].timestamp;
  state.last = events.at(-1).timestamp;
  state.lines.push(...events.flatMap(split));
  lay();
  search(false);
  draw();
  if (state.follow) root.scrollTop = root.scrollHeight;
  return undefined;
}

function fold(line) {
  const toggle = () => { if (!opened.delete(line)) opened.add(line); lay(); draw(); };
  return h("button", { class: "fold-lines", type: "button", "aria-expanded": String(!line.folded), onclick: toggle, text: line.folded ? `▸ ${line.folds} lines` : "▾ fold" });
}

function row(index, place) {
  const line = state.lines[index];
  const marked = state.matches[state.at] === index || state.linked === index;
  const node = h("div", { class: `log-line ${line.level} ${marked ? "match" : state.pattern?.test(plain(line.text)) ? "found" : ""}`, data: { index }, style: state.wrap ? {} : { transform: `translateY(${place * LINE}px)` } },
    state.times && h("span", { class: "time", title: `${stamp(line.time)}: click to copy a link`, onclick: () => copyLink(line), text: stamp(line.time).slice(11) }), h("span", { class: "text" }, render(line.text), line.folds > 1 && fold(line)));
  return node;
}

function copyLink(line) {
  history.replaceState(null, "", `#t=${line.time}`);
  navigator.clipboard?.writeText(location.href).then(() => toast("Copied a link to this line"), () => undefined);
}

/** Shows the line that the address names ("#t=<ms>"), with what came before it. */
async function showLinked(time) {
  const events = await read({ navigate_earlier: true, from_timestamp: time + 1 });
  if (!events.length) return;
  Object.assign(state, { first: events[0].timestamp, last: events.at(-1).timestamp, lines: events.flatMap(split), start: false });
  lay();
  state.linked = state.lines.length - 1;
}

/** Shows the lines of a time (ms), which are read when they are not there yet. */
async function goTo(time) {
  setFollow(false);
  if (state.first === null || time < state.first - 1 || time > state.last) {
    await showLinked(Math.round(time));
    await newer();
  }
  const after = state.lines.findIndex((line) => line.time >= time);
  state.linked = after < 0 ? state.lines.length - 1 : after;
  search(false);
  toLine(state.linked);
}

async function askTime() {
  const shown = state.lines[state.view[Math.floor(root.scrollTop / LINE)] ?? 0]?.time ?? Date.now();
  const values = await ask({ title: "Go to a time", action: "Go", fields: [{ name: "time", label: "Time", type: "datetime-local", step: "1", value: stamp(shown).replace(" ", "T"), required: true }] });
  if (values) await goTo(new Date(values.time).getTime());
}

function rule(from, to) {
  if (!state.lines.length) return;
  ruler.cover(Math.min(page.started || state.first, state.first), Math.max(page.ended || state.last, state.last));
  const time = (place) => state.lines[state.view[Math.max(0, Math.min(state.view.length - 1, place))]].time;
  ruler.mark(time(from), time(to), state.matches.map((index) => state.lines[index].time));
}

/** Reads what is not there yet, so that a search looks through the whole log (its newest 100,000 lines). */
async function readAll() {
  while (state.pattern && !state.start && state.first !== null && state.lines.length < 100000) {
    if (state.loading) await new Promise((resolve) => { setTimeout(resolve, 100); });
    else await older();
  }
  if (state.at < 0 && state.matches.length) go(state.matches.length - 1);
}

function draw() {
  find("#log-count").textContent = state.lines.length ? `${state.lines.length.toLocaleString("en-US")} lines` : "";
  if (!state.lines.length) return space.replaceChildren(h("p", { class: "muted nothing", text: "Nothing has been printed yet." }));
  root.classList.toggle("wrap", state.wrap);
  const top = Math.floor(root.scrollTop / LINE);
  const bottom = Math.ceil((root.scrollTop + root.clientHeight) / LINE);
  const from = state.wrap ? Math.max(0, state.view.length - 2000) : Math.max(0, top - 40);
  const to = state.wrap ? state.view.length : Math.min(state.view.length, bottom + 40);
  space.style.height = state.wrap ? "auto" : `${state.view.length * LINE}px`;
  space.replaceChildren(...state.view.slice(from, to).map((index, place) => row(index, from + place)));
  rule(state.wrap ? from : top, state.wrap ? to : bottom);
  return undefined;
}

function search(jump = true) {
  const text = find("#log-search").value;
  try {
    state.pattern = text ? new RegExp(text, "i") : null;
    find("#log-search").removeAttribute("aria-invalid");
  } catch {
    find("#log-search").setAttribute("aria-invalid", "true");
    state.pattern = null;
  }
  state.matches = state.pattern ? state.lines.flatMap((line, index) => (state.pattern.test(plain(line.text)) ? [index] : [])) : [];
  find("#log-matches").textContent = text ? `${state.matches.length ? state.at + 1 : 0} of ${state.matches.length}` : "";
  if (jump) go(state.matches.length - 1);
}

function go(at) {
  if (!state.matches.length) { state.at = -1; return draw(); }
  state.at = (at + state.matches.length) % state.matches.length;
  find("#log-matches").textContent = `${state.at + 1} of ${state.matches.length}`;
  setFollow(false);
  toLine(state.matches[state.at]);
  return undefined;
}

function toLine(index) {
  const place = placeOf(index);
  if (state.wrap) draw();
  if (state.wrap) find(`[data-index="${index}"]`, space)?.scrollIntoView({ block: "center" });
  else root.scrollTop = Math.max(0, place * LINE - root.clientHeight / 2);
  draw();
}

function setFollow(on) {
  state.follow = on;
  find("#log-follow").setAttribute("aria-pressed", String(on));
  if (on && !state.end) {
    Object.assign(state, { lines: [], view: [], first: null, last: null, start: false, linked: -1 });
    newer().catch(() => undefined);
  } else if (on) root.scrollTop = root.scrollHeight;
}

function more() {
  state.loading = true;
  newer().catch(() => undefined).finally(() => { state.loading = false; });
}

root.addEventListener("scroll", () => {
  const end = root.scrollHeight - root.scrollTop - root.clientHeight < LINE * 2;
  if (!end && state.follow) setFollow(false);
  if (!state.wrap) draw();
  if (end && !state.end && !state.loading) more();
  if (root.scrollTop < LINE * 20) older().catch(() => undefined);
}, { passive: true });
find("#log-search").addEventListener("input", debounce(() => { search(); readAll().catch(() => undefined); }, 200));
find("#log-search").addEventListener("keydown", (event) => { if (event.key === "Enter") go(state.at + (event.shiftKey ? 1 : -1)); });
find("#log-previous").addEventListener("click", () => go(state.at - 1));
find("#log-next").addEventListener("click", () => go(state.at + 1));
find("#log-follow").addEventListener("click", () => setFollow(!state.follow));
const flip = (id, key) => find(id).addEventListener("click", (event) => { state[key] = !state[key]; event.currentTarget.setAttribute("aria-pressed", String(state[key])); draw(); });
flip("#log-times", "times");
flip("#log-wrap", "wrap");
find("#log-time").addEventListener("click", askTime);

const linked = Number(new URLSearchParams(location.hash.slice(1)).get("t"));
if (linked) await showLinked(linked).catch(() => undefined);
await newer().catch(() => undefined);
if (state.linked >= 0) setFollow(false);
else root.scrollTop = root.scrollHeight;
draw();
if (state.linked >= 0) toLine(state.linked);
poll(async () => { if ((["in_progress", "queued"].includes(current().status) || state.last === null) && (state.end || state.follow)) await newer(); }, 2000);
