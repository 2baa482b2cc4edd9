// Charts on Plotly, which is loaded only when the first chart is drawn: theme from the tokens, one crosshair for all charts.
import { h } from "./dom.js";
import { series } from "./format.js";

let loading = null;

const loaded = (element) => new Promise((resolve, reject) => {
  element.addEventListener("load", resolve);
  element.addEventListener("error", () => reject(new Error("The charts can't be loaded")));
  document.head.append(element);
});

// Plotly sets styles as attributes, which the content policy forbids; set through the style object they are allowed.
function styleByObject() {
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function setAttribute(name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else set.call(this, name, value);
  };
}

// While it starts, Plotly puts the sheet of its maps into a <style>, which the policy forbids: it gets an inert element instead
async function withoutStyleElements(run) {
  const { createElement } = document;
  document.createElement = (name, options) => createElement.call(document, name === "style" ? "template" : name, options);
  await run();
  delete document.createElement;
}

async function load() {
  styleByObject();
  // Plotly adds its rules to the sheet of the element with this id
  await loaded(h("link", { id: "plotly.js-style-global", rel: "stylesheet", href: new URL("../css/plotly.css", import.meta.url).pathname }));
  const script = h("script", { src: document.documentElement.dataset.plotly });
  await withoutStyleElements(() => loaded(script));
  return window.Plotly;
}

/** Loads Plotly once; resolves to it. */
export function plotly() {
  loading ??= load();
  return loading;
}

const probe = h("span", { hidden: true });

/** The value of a colour token as it is now ("rgb(…)"). */
export function colour(token) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

const overrides = JSON.parse(localStorage.getItem("trackyard.colours") ?? "{}");
/** The colour of a series by its name: a stable choice of ten, or the one the reader has chosen. */
export const seriesColour = (name, number = series(name)) => overrides[name] ?? colour(`series-${number}`);
/** Remembers a colour for a series (null: back to the stable choice). */
export function paint(name, value) {
  if (value) overrides[name] = value;
  else delete overrides[name];
  localStorage.setItem("trackyard.colours", JSON.stringify(overrides));
}

/** A colour with an opacity. */
const faded = (value, opacity) => value.replace(/^rgba?\(([^,]+),([^,]+),([^,)]+).*$/, `rgba($1,$2,$3,${opacity})`).replace(/^#(..)(..)(..)$/, (_, r, g, b) => `rgba(${parseInt(r, 16)},${parseInt(g, 16)},${parseInt(b, 16)},${opacity})`);

const axis = () => ({ gridcolor: colour("line"), linecolor: colour("line-strong"), zerolinecolor: colour("line-strong"), tickfont: { color: colour("muted"), size: 11 }, automargin: true });

/** The layout that makes a figure look like the page. */
export function layout(extra = {}) {
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("text") };
  return {
    font, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 44, r: 12, t: 8, b: 32 }, showlegend: false, hovermode: "x",
    hoverlabel: { bgcolor: colour("raised"), bordercolor: colour("line-strong"), font: { ...font, size: 11 } }, uirevision: "keep", dragmode: "zoom",
    ...extra, xaxis: { ...axis(), ...extra.xaxis }, yaxis: { ...axis(), ...extra.yaxis },
  };
}

// Plotly's own button bar needs styles that the content policy forbids: every chart has a menu of the page instead
export const CONFIG = { displaylogo: false, responsive: true, displayModeBar: false, doubleClick: false, showTips: false };

// ---- smoothing -------------------------------------------------------------------------------------------------------

function exponential(values, weight) {
  let last = 0;
  return values.map((value, index) => {
    last = last * weight + (1 - weight) * value;
    return last / (1 - weight ** (index + 1));
  });
}

function running(values, width) {
  let sum = 0;
  return values.map((value, index) => {
    sum += value - (index >= width ? values[index - width] : 0);
    return sum / Math.min(width, index + 1);
  });
}

function gaussian(values, sigma) {
  const reach = Math.ceil(sigma * 3);
  return values.map((_, centre) => {
    let sum = 0;
    let weight = 0;
    for (let index = Math.max(0, centre - reach); index <= Math.min(values.length - 1, centre + reach); index += 1) {
      const share = Math.exp(-((index - centre) ** 2) / (2 * sigma * sigma));
      sum += values[index] * share;
      weight += share;
    }
    return sum / weight;
  });
}

/** Smooths numbers: kind "ema" | "average" | "gaussian" | "none", strength 0…0.999. */
function smooth(values, kind, strength) {
  if (kind === "none" || strength <= 0 || values.length < 3) return values;
  if (kind === "ema") return exponential(values, Math.min(0.999, strength));
  const width = Math.max(2, Math.round(strength * Math.min(200, values.length / 2)));
  return kind === "average" ? running(values, width) : gaussian(values, width / 3);
}

// ---- one crosshair for all charts --------------------------------------------------------------------------------------

const charts = new Set();

function nearest(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle;
    else high = middle;
  }
  return Math.abs(xs[low] - x) <= Math.abs((xs[high] ?? Infinity) - x) ? low : high;
}

/**
 * A line chart in `root`. `update(lines, options)` draws lines [{name, label, x, y, colour?}]; options: {axis: "iter"|"time"|"relative",
 * smoothing, strength, logX, logY, outliers}. Dragging zooms and calls `zoom(from, to)`; double click calls `zoom(null)`.
 */
export class LineChart {
  constructor(root, { zoom = () => undefined, sync = true, title = "" } = {}) {
    Object.assign(this, { root, zoom, sync, title, lines: [], options: {}, range: null });
    this.plot = h("div", { class: "plot", role: "img", "aria-label": title });
    this.cross = h("div", { class: "cross", hidden: true });
    root.append(this.plot, this.cross);
    charts.add(this);
  }

  async update(lines, options = this.options) {
    Object.assign(this, { lines, options });
    const Plotly = await plotly();
    if (!this.root.isConnected) return;
    await Plotly.react(this.plot, this.traces(), this.shape(), CONFIG);
    if (!this.bound) this.bind();
  }

  traces() {
    const { smoothing = "none", strength = 0, axis: kind } = this.options;
    return this.lines.flatMap((line) => {
      const tone = line.colour ?? seriesColour(line.name);
      const x = kind === "time" ? line.x.map((value) => new Date(value)) : line.x;
      const base = { type: "scatter", mode: line.x.length === 1 ? "markers" : "lines", x, name: line.label ?? line.name, hoverinfo: "none", connectgaps: false };
      const smoothed = smooth(line.y, smoothing, strength);
      const main = { ...base, y: smoothed, line: { color: tone, width: 1.5, dash: line.dash }, marker: { color: tone, size: 5 } };
      return smoothed === line.y ? [main] : [{ ...base, y: line.y, line: { color: faded(tone, 0.25), width: 1 } }, main];
    });
  }

  shape() {
    const { logX, logY, axis: kind, outliers, yRange } = this.options;
    const extra = { xaxis: { type: kind === "time" ? "date" : logX ? "log" : "linear", tickformat: undefined, nticks: this.root.clientWidth < 420 ? 4 : 6, tickangle: kind === "time" ? 0 : undefined }, yaxis: { type: logY ? "log" : "linear", nticks: 6, fixedrange: false } };
    if (this.range) Object.assign(extra.xaxis, { range: this.range.map((value) => (logX && kind !== "time" ? Math.log10(value) : value)), autorange: false });
    else extra.xaxis.autorange = true;
    if (yRange && !logY) Object.assign(extra.yaxis, { range: yRange, autorange: false });
    if (outliers && !logY) {
      const inner = quantiles(this.lines.flatMap(({ y }) => y));
      if (inner) Object.assign(extra.yaxis, { range: inner, autorange: false });
    }
    const shape = layout(extra);
    shape.hovermode = "x";
    return shape;
  }

  bind() {
    this.bound = true;
    this.plot.on("plotly_relayout", (event) => this.zoomed(event));
    this.plot.on("plotly_doubleclick", () => { this.whole(); return false; });
    this.plot.addEventListener("mousemove", (event) => this.hover(event));
    this.plot.addEventListener("mouseleave", () => { for (const chart of charts) chart.point(null); });
  }

  zoomed(event) {
    const from = event["xaxis.range[0]"];
    const to = event["xaxis.range[1]"];
    if (from === undefined || this.quiet) return;
    const { logX, axis: kind } = this.options;
    this.range = kind === "time" ? [from, to] : logX ? [10 ** from, 10 ** to] : [from, to];
    const number = (value) => (kind === "time" ? new Date(value).getTime() : value);
    this.zoom(number(this.range[0]), number(this.range[1]));
  }

  hover(event) {
    const full = this.plot._fullLayout;
    if (!full?.xaxis) return;
    const pixel = event.clientX - this.plot.getBoundingClientRect().left - full._size.l;
    if (pixel < 0 || pixel > full._size.w) return;
    const x = this.options.axis === "time" ? new Date(full.xaxis.p2d(pixel)).getTime() : full.xaxis.p2d(pixel);
    for (const chart of this.sync ? charts : [this]) chart.point(x, chart === this);
  }

  /** Shows the crosshair at `x`, and the values of the nearest points. */
  point(x, own = false) {
    const full = this.plot._fullLayout;
    if (x === null || !full?.xaxis || !this.root.isConnected) { this.cross.hidden = true; return; }
    const time = this.options.axis === "time";
    const pixel = full.xaxis.d2p(time ? new Date(x) : x);
    if (!(pixel >= 0 && pixel <= full._size.w)) { this.cross.hidden = true; return; }
    const rows = this.lines.filter((line) => line.x.length && !line.hidden).slice(0, 14).map((line) => {
      const at = nearest(line.x, x);
      return h("div", { class: "row" }, h("span", { class: "swatch", style: { background: line.colour ?? seriesColour(line.name) } }), h("span", { class: "clip grow", text: line.label ?? line.name }), h("b", { text: format(line.y[at]) }));
    });
    const label = time ? new Date(x).toLocaleString() : format(nearestX(this.lines, x));
    this.cross.hidden = false;
    this.cross.style.left = `${full._size.l + pixel}px`;
    this.cross.classList.toggle("flip", pixel > full._size.w / 2);
    this.cross.replaceChildren(h("div", { class: `cross-box ${own ? "own" : ""}` }, h("div", { class: "muted", text: label }), rows));
  }

  /** Shows the whole range again. */
  whole() {
    this.range = null;
    this.zoom(null);
  }

  remove() {
    charts.delete(this);
    window.Plotly?.purge(this.plot);
  }
}

const nearestX = (lines, x) => { const line = lines.find((item) => item.x.length); return line ? line.x[nearest(line.x, x)] : x; };
const format = (value) => (typeof value === "number" ? String(Number(value.toPrecision(5))) : "–");

function quantiles(values) {
  const sorted = values.filter(Number.isFinite).sort((left, right) => left - right);
  if (sorted.length < 8) return null;
  const low = sorted[Math.floor(sorted.length * 0.02)];
  const high = sorted[Math.ceil(sorted.length * 0.98) - 1];
  const pad = (high - low) * 0.05 || 1;
  return [low - pad, high + pad];
}

/** Draws any Plotly figure {data, layout} of a user in the colours of the page. */
export async function figure(root, { data = [], layout: given = {} }, { compact = false } = {}) {
  const Plotly = await plotly();
  const traces = data.map(safe);
  const own = structuredClone(given);
  for (const key of ["template", "paper_bgcolor", "plot_bgcolor", "width", "height", "font"]) delete own[key];
  const tone = { gridcolor: colour("line"), linecolor: colour("line-strong"), zerolinecolor: colour("line-strong"), tickfont: { color: colour("muted"), size: 11 } };
  const shape = { ...layout(), hovermode: "closest", showlegend: traces.length > 1, margin: { l: 48, r: 16, t: own.title ? 40 : 16, b: 40 }, ...own, autosize: true };
  for (const key of Object.keys(shape)) if (/^[xy]axis\d*$/.test(key)) shape[key] = { ...tone, automargin: true, ...shape[key] };
  shape.legend = { ...own.legend, font: { color: colour("text"), size: 11 }, bgcolor: "rgba(0,0,0,0)" };
  shape.colorway = Array.from({ length: 10 }, (_, index) => colour(`series-${(index + 8) % 10}`));
  if (compact) Object.assign(shape, { margin: { l: 4, r: 4, t: 4, b: 4 }, showlegend: false });
  await Plotly.react(root, traces, shape, CONFIG);
}

// The page's content policy forbids code made from text, which the WebGL traces need: they are drawn as SVG instead.
function safe(trace) {
  const plain = { scattergl: "scatter", scatterpolargl: "scatterpolar", heatmapgl: "heatmap", pointcloud: "scatter" }[trace.type];
  const result = plain ? { ...trace, type: plain } : { ...trace };
  if (result.type === "table") paintTable(result);
  return result;
}

function paintTable(trace) {
  trace.header = { ...trace.header, fill: { color: colour("surface") }, line: { color: colour("line") }, font: { color: colour("muted"), size: 12 }, align: trace.header?.align ?? "left" };
  trace.cells = { ...trace.cells, fill: { color: colour("bg") }, line: { color: colour("line") }, font: { color: colour("text"), size: 12 }, align: trace.cells?.align ?? "left" };
}

document.addEventListener("trackyard:theme", () => { for (const chart of charts) if (chart.bound) chart.update(chart.lines); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("trackyard:theme")));
