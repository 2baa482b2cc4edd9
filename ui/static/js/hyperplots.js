// Parameters against metrics: parallel coordinates with brushing, and a scatter of anything against anything. Plain SVG.
import { get, list, put } from "./address.js";
import { figure } from "./chart.js";
import { csv, empty, h, icon, save, svg, url } from "./dom.js";
import { number } from "./format.js";
import { openMenu } from "./menu.js";
import { plotMenu } from "./plot_menu.js";

const WIDTH = 1120;
const HEIGHT = 380;
const PAD = { top: 40, bottom: 28, side: 60 };

const numeric = (values) => values.every((value) => value === undefined || (value !== "" && Number.isFinite(Number(value))));

/** An axis over values of rows: numbers are scaled, words stand in order. */
function scale(values) {
  const known = values.filter((value) => value !== undefined);
  if (numeric(known)) {
    const low = Math.min(...known.map(Number));
    const high = Math.max(...known.map(Number));
    return { at: (value) => (high === low ? 0.5 : (Number(value) - low) / (high - low)), ticks: high === low ? [low] : [low, (low + high) / 2, high] };
  }
  const words = [...new Set(known.map(String))].sort();
  return { at: (value) => (words.length === 1 ? 0.5 : words.indexOf(String(value)) / (words.length - 1)), ticks: words.slice(0, 12) };
}

function choices(rows) {
  const all = (pick) => [...new Set(rows.flatMap((row) => Object.keys(pick(row))))].sort();
  const varying = all((row) => row.parameters).filter((name) => new Set(rows.map((row) => row.parameters[name])).size > 1);
  return { parameters: varying, metrics: all((row) => row.metrics) };
}

const select = (label, options, value, change) => h("label", { class: "row" }, h("span", { class: "muted small", text: label }), h("select", { onchange: (event) => change(event.target.value) }, options.map((name) => h("option", { value: name, text: name, selected: name === value }))));

// what is chosen lives in the address of a comparison; a figure inside another page keeps it for itself
function memory(kept) {
  if (kept) return { get, all: list, put };
  const own = new Map();
  return { get: (name, usual = "") => own.get(name) ?? usual, all: (name) => own.get(name) ?? [], put: (values) => { for (const [name, value] of Object.entries(values)) own.set(name, value); } };
}

function axisMenu(anchor, title, names, chosen, change) {
  const flip = (name) => (event) => change(event.target.checked ? [...chosen, name] : chosen.filter((other) => other !== name));
  openMenu(anchor, names.map((name) => h("label", { class: "item check" }, h("input", { type: "checkbox", checked: chosen.includes(name), onchange: flip(name) }), h("span", { class: "clip", title: name, text: name }))), { search: title });
}

/**
 * Parallel coordinates of rows {id, name, colour, parameters, metrics}; drag on an axis to keep only what passes through.
 * `leaveOut(ids)` is told which rows the ranges leave out; with it the choice of axes lives in the address.
 */
export function parallel(rows, { leaveOut = null } = {}) {
  const { parameters, metrics } = choices(rows);
  if (!parameters.length || !metrics.length) return empty("Nothing to draw", "It takes parameters that differ and at least one metric.");
  const place = memory(leaveOut);
  const known = (names, all, usual) => { const found = names.filter((name) => all.includes(name)); return found.length ? found : usual; };
  const state = { metrics: known(place.all("m"), metrics, metrics.slice(0, 1)), parameters: known(place.all("p"), parameters, parameters.slice(0, 10)), brushes: new Map() };
  const root = h("div", { class: "stack" });
  const set = (key, short) => (names) => { state[key] = names; state.brushes.clear(); place.put({ [short]: names }); draw(); };
  const button = (label, key, short, all) => h("button", { class: "btn", type: "button", "aria-haspopup": "menu", text: `${label} (${state[key].length})`, onclick: (event) => axisMenu(event.currentTarget, `${label}…`, all, state[key], (names) => set(key, short)(names)) });
  const draw = () => {
    const axes = [...state.parameters, ...state.metrics].map((name) => ({ name, read: (row) => row.parameters[name] ?? row.metrics[name] })).map((axis) => ({ ...axis, scale: scale(rows.map(axis.read)) }));
    const x = (index) => PAD.side + (index * (WIDTH - 2 * PAD.side)) / Math.max(1, axes.length - 1);
    const y = (share) => PAD.top + (1 - share) * (HEIGHT - PAD.top - PAD.bottom);
    const inside = (row) => axes.every(({ name, read, scale: { at } }) => { const brush = state.brushes.get(name); const value = read(row); return !brush || (value !== undefined && at(value) >= brush[0] && at(value) <= brush[1]); });
    const lines = rows.map((row) => svg(row.id ? "a" : "g", { href: row.id && url(`/tasks/${row.id}`), class: inside(row) ? "line-on" : "line-off" }, svg("title", {}, row.name), svg("polyline", { points: axes.flatMap((axis, index) => { const value = axis.read(row); return value === undefined ? [] : [`${x(index).toFixed(1)},${y(axis.scale.at(value)).toFixed(1)}`]; }).join(" "), stroke: row.colour })));
    const frame = svg("svg", { class: "parallel", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": "Parallel coordinates" }, lines, axes.map((axis, index) => axisNode(axis, x(index), y, state, draw)));
    const bar = h("div", { class: "row wrapping" }, button("Metrics", "metrics", "m", metrics), button("Parameters", "parameters", "p", parameters), h("span", { class: "muted small", text: `${rows.filter(inside).length} of ${rows.length} lines. Drag along an axis to choose a range.` }), state.brushes.size > 0 && h("button", { class: "btn tiny", type: "button", text: "Clear ranges", onclick: () => { state.brushes.clear(); draw(); } }), h("span", { class: "grow" }),
      h("button", { class: "btn ghost", type: "button", onclick: () => save("parallel.csv", csv([["name", ...axes.map(({ name }) => name)], ...rows.map((row) => [row.name, ...axes.map(({ read }) => read(row))])]), "text/csv") }, icon("download"), "CSV"),
      h("button", { class: "btn ghost", type: "button", onclick: () => save("parallel.svg", picture(frame), "image/svg+xml") }, icon("download"), "SVG"));
    root.replaceChildren(bar, h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Parallel coordinates" }, frame));
    leaveOut?.(new Set(rows.filter((row) => !inside(row)).map(({ id }) => id)));
  };
  draw();
  return root;
}

/** The drawing as a file of its own: colours that come from the page's sheets are written into it. */
function picture(frame) {
  const copy = frame.cloneNode(true);
  const [own, copied] = [frame, copy].map((node) => [...node.querySelectorAll("line, text, polyline, rect")]);
  own.forEach((node, index) => { const style = getComputedStyle(node); for (const name of ["fill", "stroke", "opacity", "font-size", "font-family", "stroke-width"]) copied[index].setAttribute(name, style.getPropertyValue(name)); });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(copy);
}

function axisNode(axis, x, y, state, draw) {
  const brush = state.brushes.get(axis.name);
  const hit = svg("rect", { class: "axis-hit", x: x - 14, y: y(1), width: 28, height: y(0) - y(1) });
  const share = (event) => { const box = hit.getBoundingClientRect(); return Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / box.height)); };
  hit.addEventListener("pointerdown", (event) => {
    const from = share(event);
    hit.setPointerCapture(event.pointerId);
    hit.addEventListener("pointerup", (end) => {
      const to = share(end);
      if (Math.abs(to - from) < 0.02) state.brushes.delete(axis.name);
      else state.brushes.set(axis.name, [Math.min(from, to), Math.max(from, to)]);
      draw();
    }, { once: true });
  });
  const label = axis.name.length > 18 ? `…${axis.name.slice(-17)}` : axis.name;
  return svg("g", { class: "axis" }, svg("line", { x1: x, x2: x, y1: y(1), y2: y(0) }), svg("text", { x, y: 20, "text-anchor": "middle" }, svg("title", {}, axis.name), label),
    axis.scale.ticks.map((tick) => svg("text", { class: "tick", x: x + 6, y: y(axis.scale.at(tick)) + 4 }, typeof tick === "number" ? number(tick) : String(tick).slice(0, 16))),
    brush && svg("rect", { class: "brush", x: x - 6, y: y(brush[1]), width: 12, height: y(brush[0]) - y(brush[1]) }), hit);
}

/** A scatter of any parameter or metric against any other; the address keeps which. */
export function scatter(rows) {
  const { parameters, metrics } = choices(rows);
  const names = [...parameters, ...metrics];
  if (names.length < 2) return empty("Nothing to draw", "It takes two parameters or metrics that differ.");
  const axis = (name, usual) => (names.includes(get(name)) ? get(name) : usual);
  const state = { x: axis("x", parameters[0] ?? metrics[0]), y: axis("y", metrics[0] ?? parameters[1]) };
  const box = h("div", { class: "plot-box tall" });
  const root = h("div", { class: "stack" });
  const read = (row, name) => { const value = row.parameters[name] ?? row.metrics[name]; return value !== undefined && value !== "" && Number.isFinite(Number(value)) ? Number(value) : value; };
  const about = (row) => [row.name, ...parameters.slice(0, 10).map((name) => `${name}: ${row.parameters[name] ?? "–"}`)].join("<br>").replaceAll(/<(?!br>)/g, "&lt;");
  const set = (key) => (name) => { state[key] = name; put({ [key]: name }); draw(); };
  const shown = () => ({ data: [{ type: "scatter", mode: "markers", x: rows.map((row) => read(row, state.x)), y: rows.map((row) => read(row, state.y)), text: rows.map(about), hovertemplate: "%{text}<br>%{x}, %{y}<extra></extra>", marker: { size: 9, color: rows.map(({ colour }) => colour) } }], layout: { xaxis: { title: { text: state.x } }, yaxis: { title: { text: state.y } } } });
  const draw = () => {
    root.replaceChildren(h("div", { class: "row wrapping" }, select("Horizontal", names, state.x, set("x")), select("Vertical", names, state.y, set("y")), h("span", { class: "grow" }),
      h("button", { class: "btn ghost square", type: "button", "aria-haspopup": "menu", "aria-label": "Download the scatter", onclick: (event) => plotMenu(event.currentTarget, `${state.y} by ${state.x}`, box, { plot_str: JSON.stringify(shown()) }) }, icon("dots"))), h("div", { class: "card" }, box));
    queueMicrotask(async () => {
      await figure(box, shown());
      box.removeAllListeners?.("plotly_click");
      box.on?.("plotly_click", ({ points }) => { const row = rows[points[0]?.pointIndex]; if (row?.id) window.open(url(`/tasks/${row.id}`)); });
    });
  };
  draw();
  return root;
}
