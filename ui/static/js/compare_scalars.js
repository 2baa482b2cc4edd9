// The curves of a comparison: all in one chart, or those of each task in a chart beside the others on the same scale.
import { get, list, put } from "./address.js";
import { call } from "./api.js";
import { chartTools, readState } from "./chart_tools.js";
import { axisValues, cardGrid, metricTree } from "./curves.js";
import { empty, find, h } from "./dom.js";
import { number } from "./format.js";
import { poll } from "./live.js";

const DASHES = ["solid", "dot", "dash", "dashdot"];
const keyOf = (state) => (state.axis === "iter" ? "iter" : "timestamp");
const sorted = (found) => Object.keys(found).sort((left, right) => left.startsWith(":monitor") - right.startsWith(":monitor") || left.localeCompare(right));

/** Bars of the single values of all tasks, one card for each value. */
function singleValues(frame, found) {
  const names = [...new Set(Object.values(found).flatMap((values) => Object.keys(values)))].sort();
  return names.map((name) => {
    const rows = frame.shown().filter(({ id }) => found[id]?.[name] !== undefined).map((thing) => ({ thing, value: found[thing.id][name] }));
    const top = Math.max(...rows.map(({ value }) => Math.abs(value))) || 1;
    return h("figure", { class: "card bars" }, h("figcaption", { class: "row" }, h("span", { class: "strong clip", text: name })), rows.map(({ thing, value }) => h("div", { class: "row small" }, h("span", { class: "clip name", title: thing.name, text: thing.name }), h("span", { class: "track" }, h("span", { style: { width: `${(100 * Math.abs(value)) / top}%`, background: frame.colourOf(thing.id) } })), h("b", { class: "num", text: number(value) }))));
  });
}

async function readSingles(frame) {
  const { tasks = [] } = await call("events.get_task_single_value_metrics", { tasks: frame.ids(), ...frame.events }, { quiet: true }).catch(() => ({}));
  return Object.fromEntries(tasks.map(({ task, values }) => [task, Object.fromEntries((values ?? []).map(({ metric, variant, value }) => [metric && metric !== "Summary" ? `${metric} / ${variant}` : variant, value]))]));
}

/** The charts: {key, title, lines, yRange}. */
function chartsOf(frame, found, state, off, beside) {
  const line = (metric, variant, thing, label) => { const { x, y } = found[metric][variant][thing.id]; return { name: thing.id, label, colour: frame.colourOf(thing.id), x: axisValues(x, state.axis), y }; };
  const of = (metric, variants, things) => variants.flatMap((variant, index) => things.filter(({ id }) => found[metric][variant][id]).map((thing) => ({ ...line(metric, variant, thing, variants.length > 1 ? `${thing.name} · ${variant}` : thing.name), dash: DASHES[index % 4] })));
  return sorted(found).filter((metric) => !off.has(metric)).flatMap((metric) => {
    const variants = Object.keys(found[metric]).sort().filter((variant) => !off.has(`${metric}/${variant}`));
    const parts = state.group === "metric" ? [[metric, variants]] : variants.map((variant) => [`${metric} / ${variant}`, [variant]]);
    return parts.flatMap(([title, chosen]) => {
      const whole = { key: title, title, metric, lines: of(metric, chosen, frame.shown()) };
      if (!beside) return [whole];
      const values = whole.lines.flatMap(({ y }) => y).filter(Number.isFinite);
      const pad = (Math.max(...values) - Math.min(...values)) * 0.05 || 1;
      const yRange = values.length ? [Math.min(...values) - pad, Math.max(...values) + pad] : undefined;
      return frame.shown().map((thing) => ({ key: `${title}\n${thing.id}`, title: `${title} — ${thing.name}`, metric, mark: frame.swatch(thing), lines: of(metric, chosen, [thing]), yRange }));
    });
  }).filter(({ lines }) => lines.length);
}

/** The tab with the curves. */
export async function scalars(frame) {
  const state = readState();
  const off = new Set(list("off"));
  const grid = h("div", { class: "charts" });
  const singles = h("div", { class: "charts singles" });
  frame.body.replaceChildren(singles, grid);
  frame.tools.hidden = frame.side.hidden = false;
  let found = {};
  const options = () => ({ axis: state.axis, smoothing: state.smoothing, strength: state.strength, logX: state.logX && state.axis !== "time", logY: state.logY, outliers: state.outliers });
  const beside = () => get("layout") === "beside";
  const ask = (more) => call("events.multi_task_scalar_metrics_iter_histogram", { tasks: frame.ids(), key: keyOf(state), samples: 600, ...frame.events, ...more }, { quiet: true }).then((reply) => reply.metrics ?? {});
  async function zoom(card, from, to) {
    if (from === null || state.axis === "relative") { queueMicrotask(frame.redraw); return null; }
    const detail = await ask({ samples: 2000, metrics: [{ metric: card.metric }], x_range: [from, to] });
    return detail[card.metric] ? chartsOf(frame, { [card.metric]: detail[card.metric] }, state, off, beside()).find(({ key }) => key === card.key)?.lines : null;
  }
  const embed = ({ metric, title }) => ({ type: "scalar", objectType: frame.models ? "model" : "task", objects: frame.shown().map(({ id }) => id), metrics: [metric], variants: title.startsWith(`${metric} / `) ? [title.slice(metric.length + 3).split(" — ")[0]] : [], xaxis: { iter: "iter", relative: "timestamp", time: "iso_time" }[state.axis] });
  const draw = cardGrid(grid, { zoom, embed });
  const tree = metricTree(frame.side, off, () => { put({ off: [...off] }); frame.redraw(); });
  frame.redraw = () => {
    tree(sorted(found).map((metric) => ({ metric, variants: Object.keys(found[metric]).sort() })));
    draw(chartsOf(frame, found, state, off, beside()), options(), beside() ? Math.min(4, Math.max(1, frame.shown().length)) : state.columns);
    find(".empty", frame.body)?.remove();
    if (!Object.keys(found).length) frame.body.append(empty("No scalar", "None of these has reported scalars."));
  };
  const load = async () => { found = await ask(); frame.redraw(); };
  chartTools(frame.tools, state, (_, key) => (key === "axis" ? load() : frame.redraw()), { extra: [h("button", { class: "btn ghost", type: "button", "aria-pressed": String(beside()), text: "Side by side", title: "A chart for each, on the same scale", onclick: (event) => { put({ layout: beside() ? null : "beside" }); event.currentTarget.setAttribute("aria-pressed", String(beside())); frame.redraw(); } })] });
  const [single] = await Promise.all([readSingles(frame), load()]);
  const redraw = frame.redraw;
  frame.redraw = () => { singles.replaceChildren(...singleValues(frame, single)); redraw(); };
  frame.redraw();
  poll(load, 10000);
}
