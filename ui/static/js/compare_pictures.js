// The plots and the debug samples of a comparison: figures merged where their kinds allow it, pictures that browse together.
import { get, list, put } from "./address.js";
import { call } from "./api.js";
import { metricTree } from "./curves.js";
import { empty, h, icon } from "./dom.js";
import { embedItem } from "./embed.js";
import { fileKind, fileLink } from "./files.js";
import { drawPlot } from "./plot.js";
import { plotMenu } from "./plot_menu.js";

const MERGED = new Set(["scatter", "scattergl", "bar", "box", "violin", "histogram", "scatter3d"]);
const DRAWN = new IntersectionObserver((entries) => { for (const { target, isIntersecting } of entries) if (isIntersecting && target.draw) { target.draw(); target.draw = null; } }, { rootMargin: "400px" });

function parsed(event) {
  try {
    return JSON.parse(event.plot_str);
  } catch {
    return null;
  }
}

/** One figure of many tasks' events in their colours, or null when a kind of trace can't share axes. */
function merged(frame, entries) {
  const figures = entries.map(({ event }) => parsed(event));
  const kinds = new Set(figures.flatMap((figure) => figure?.data?.map(({ type = "scatter" }) => type) ?? ["none"]));
  if (entries.length < 2 || [...kinds].some((kind) => !MERGED.has(kind)) || (kinds.has("scatter3d") && kinds.size > 1)) return null;
  const traces = figures.flatMap((figure, index) => figure.data.map((trace) => {
    const tone = frame.colourOf(entries[index].thing.id);
    const own = Array.isArray(trace.marker?.color) ? trace.marker : { ...trace.marker, color: tone };
    return { ...trace, name: [entries[index].thing.name, trace.name].filter(Boolean).join(" · "), marker: own, ...(trace.type === "bar" || trace.type === "histogram" ? {} : { line: { ...trace.line, color: tone } }) };
  }));
  return { ...entries[0].event, plot_str: JSON.stringify({ data: traces, layout: { ...figures[0].layout, barmode: "group", showlegend: true } }) };
}

function card(title, event, { mark = null, embed }) {
  const box = h("div", { class: "plot-box", role: "img", "aria-label": title });
  const node = h("figure", { class: "card" }, h("figcaption", { class: "row" }, mark, h("span", { class: "strong clip grow", title, text: title }), h("button", { class: "btn ghost tiny square", type: "button", "aria-haspopup": "menu", "aria-label": `Actions on ${title}`, onclick: (click) => plotMenu(click.currentTarget, title, box, event, [embedItem(embed)]) }, icon("dots"))), box);
  node.draw = () => drawPlot(box, event);
  DRAWN.observe(node);
  return node;
}

/** The tab with the plots. */
export async function plots(frame) {
  const reply = { plots: {} };
  let scroll;
  for (let number = 0; number < 20; number += 1) {
    const part = await call("events.get_multi_task_plots", { tasks: frame.ids(), iters: 1, last_iters_per_task_metric: true, ...frame.events, ...(scroll ? { scroll_id: scroll } : {}) }, { quiet: true });
    for (const [metric, variants] of Object.entries(part.plots ?? {})) for (const [variant, tasks] of Object.entries(variants)) Object.assign(((reply.plots[metric] ??= {})[variant] ??= {}), tasks);
    scroll = part.scroll_id;
    if (!scroll || !part.returned) break;
  }
  const off = new Set(list("off"));
  frame.tools.hidden = frame.side.hidden = false;
  const tree = metricTree(frame.side, off, () => { put({ off: [...off] }); frame.redraw(); });
  const together = () => get("layout") !== "each";
  frame.redraw = () => {
    frame.tools.replaceChildren(h("button", { class: "btn ghost", type: "button", "aria-pressed": String(together()), text: "Merge figures", title: "Figures of lines, points, bars and boxes share their axes", onclick: () => { put({ layout: together() ? "each" : null }); frame.redraw(); } }));
    tree(Object.keys(reply.plots).sort().map((metric) => ({ metric, variants: Object.keys(reply.plots[metric]).sort() })));
    const rows = Object.entries(reply.plots).filter(([metric]) => !off.has(metric)).flatMap(([metric, variants]) => Object.entries(variants).filter(([variant]) => !off.has(`${metric}/${variant}`)).map(([variant, byTask]) => ({ title: variant && variant !== metric ? `${metric} / ${variant}` : metric, metric, variant, byTask })));
    const part = (entries, metric, variant) => ({ type: "plot", objectType: frame.models ? "model" : "task", objects: entries.map(({ thing }) => thing.id), metrics: [metric], variants: [variant] });
    const section = ({ title, metric, variant, byTask }) => {
      const entries = frame.shown().filter(({ id }) => byTask[id]).map((thing) => ({ thing, event: Object.entries(byTask[thing.id]).sort(([left], [right]) => Number(right) - Number(left))[0]?.[1]?.plots?.[0] })).filter(({ event }) => event);
      const one = together() && merged(frame, entries);
      return entries.length > 0 && h("section", { class: "section padded" }, h("h2", { text: title }), h("div", { class: "charts wide-charts" }, one ? card(`${title}, ${entries.length} in one`, one, { embed: () => part(entries, metric, variant) }) : entries.map((entry) => card(entry.thing.name, entry.event, { mark: frame.swatch(entry.thing), embed: () => part([entry], metric, variant) }))));
    };
    frame.body.replaceChildren(...(rows.length ? rows.map(section).filter(Boolean) : [empty("No plot", "None of these has reported plots.")]));
  };
  frame.redraw();
}

/** One picture of a task that can be browsed by iteration. */
class Tile {
  constructor(frame, thing, event, moved) {
    Object.assign(this, { thing, event, first: event, scroll: null });
    this.place = h("span", { class: "clip grow" });
    this.box = h("a", { class: "sample-open" });
    const button = (label, image, earlier) => h("button", { class: "btn ghost tiny square", type: "button", "aria-label": `${label} of ${thing.name}`, title: label, onclick: () => moved(this, earlier) }, icon(image, "small"));
    this.node = h("figure", { class: "sample" }, this.box, h("figcaption", { class: "row small" }, frame.swatch(thing), this.place, button("Earlier iteration", "chevron-left", true), button("Later iteration", "chevron-right", false)));
    this.show(event);
  }

  show(event) {
    this.event = event;
    const link = fileLink(event.url);
    const name = `${event.metric} / ${event.variant} of ${this.thing.name}`;
    this.place.textContent = `${this.thing.name} · iteration ${event.iter}`;
    this.box.setAttribute("aria-label", name);
    if (link) this.box.href = link;
    this.box.replaceChildren(link && fileKind(event.url) === "image" ? h("img", { src: link, alt: name, loading: "lazy" }) : h("span", { class: "muted small clip", text: event.url.split("/").pop() }));
  }

  async move(earlier) {
    const { metric, variant, iter, task } = this.event;
    const quiet = { quiet: true };
    if (!this.scroll) this.scroll = (await call("events.get_debug_image_sample", { task, metric, variant, iteration: iter, navigate_current_metric: true }, quiet).catch(() => ({}))).scroll_id;
    if (!this.scroll) return;
    const reply = await call("events.next_debug_image_sample", { task, scroll_id: this.scroll, navigate_earlier: earlier, next_iteration: true }, quiet).catch(() => ({}));
    const same = reply.event?.variant === variant ? reply.event : (await call("events.get_debug_image_sample", { task, metric, variant, iteration: reply.event?.iter ?? iter, scroll_id: this.scroll }, quiet).catch(() => ({}))).event;
    if (same) this.show(same);
  }
}

/** The tab with the debug samples. */
export async function samples(frame) {
  const replies = await call("events.debug_images", { metrics: frame.ids().map((task) => ({ task, metric: null })), iters: 1 }, { quiet: true }).catch(() => ({}));
  const events = new Map((replies.metrics ?? []).map(({ task, iterations }) => [task, (iterations ?? []).flatMap((iteration) => iteration.events)]));
  const names = [...new Set([...events.values()].flat().map(({ metric, variant }) => `${metric} / ${variant}`))].sort();
  const metrics = [...new Set([...events.values()].flat().map(({ metric }) => metric))].sort();
  frame.tools.hidden = false;
  const alone = () => get("browse") === "alone";
  frame.redraw = () => {
    const chosen = get("metric");
    frame.tools.replaceChildren(h("select", { "aria-label": "Metric", onchange: (event) => { put({ metric: event.target.value }); frame.redraw(); } }, h("option", { value: "", text: "All metrics" }), metrics.map((name) => h("option", { value: name, text: name, selected: name === chosen }))),
      h("button", { class: "btn ghost", type: "button", "aria-pressed": String(!alone()), text: "Browse together", title: "The pictures of a row go to the same step", onclick: () => { put({ browse: alone() ? null : "alone" }); frame.redraw(); } }));
    const row = (name) => {
      const tiles = [];
      const moved = (tile, earlier) => Promise.all((alone() ? [tile] : tiles).map((other) => other.move(earlier)));
      for (const thing of frame.shown()) {
        const event = events.get(thing.id)?.find(({ metric, variant }) => `${metric} / ${variant}` === name);
        if (event) tiles.push(new Tile(frame, thing, event, moved));
      }
      return h("section", { class: "section padded" }, h("h2", { text: name }), h("div", { class: "samples" }, tiles.map(({ node }) => node)));
    };
    frame.body.replaceChildren(...(names.length ? names.filter((name) => !chosen || name.startsWith(`${chosen} / `)).map(row) : [empty("No sample", "None of these tasks has reported debug samples.")]));
  };
  frame.redraw();
}
