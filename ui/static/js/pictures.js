// Little pictures of tasks: the curve of the most wanted metric and the newest debug sample, asked for many tasks at once.
import { call } from "./api.js";
import { h, svg } from "./dom.js";
import { fileKind, fileLink } from "./files.js";
import { number } from "./format.js";
import { wanted } from "./wanted.js";

const WIDTH = 240;
const HEIGHT = 56;

/** A curve as an SVG line; numbers are scaled to the box. */
function sparkline(values, label) {
  const points = values.filter(Number.isFinite);
  if (points.length < 2) return null;
  const low = Math.min(...points);
  const reach = Math.max(...points) - low || 1;
  const step = WIDTH / (points.length - 1);
  return svg("svg", { class: "spark wide", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("polyline", { points: points.map((value, index) => `${(index * step).toFixed(1)},${(HEIGHT - 4 - ((HEIGHT - 8) * (value - low)) / reach).toFixed(1)}`).join(" ") }));
}

async function curvesOf(tasks) {
  const chosen = new Map(tasks.map((task) => [task.id, wanted(task.last_metrics)[0]]).filter(([, metric]) => metric));
  if (!chosen.size) return new Map();
  const metrics = [...Map.groupBy(chosen.values(), ({ metric }) => metric)].map(([metric, items]) => ({ metric, variants: [...new Set(items.map(({ variant }) => variant))] }));
  const reply = await call("events.multi_task_scalar_metrics_iter_histogram", { tasks: [...chosen.keys()], metrics, samples: 60 }, { quiet: true }).catch(() => ({}));
  return new Map([...chosen].map(([id, item]) => [id, { ...item, y: reply.metrics?.[item.metric]?.[item.variant]?.[id]?.y ?? [] }]));
}

async function samplesOf(tasks) {
  const reply = await call("events.debug_images", { metrics: tasks.map(({ id }) => ({ task: id, metric: null })), iters: 1 }, { quiet: true }).catch(() => ({}));
  const found = (reply.metrics ?? []).map(({ task, iterations }) => [task, (iterations ?? []).flatMap(({ events }) => events).filter(({ url }) => fileKind(url) === "image" && fileLink(url)).slice(0, 3)]);
  return new Map(found.filter(([, events]) => events.length));
}

/** Puts a picture into each box of `boxes` (task id → element): samples when there are some, else a curve, else a word. */
export async function pictures(tasks, boxes) {
  if (!tasks.length) return;
  const [curves, samples] = await Promise.all([curvesOf(tasks), samplesOf(tasks)]);
  for (const task of tasks) {
    const curve = curves.get(task.id);
    const events = samples.get(task.id) ?? [];
    const line = curve && sparkline(curve.y, `${curve.metric} / ${curve.variant}`);
    boxes.get(task.id)?.replaceChildren(...[
      ...events.map((event) => h("img", { class: "thumb", src: fileLink(event.url), alt: `${event.metric} ${event.variant}, iteration ${event.iter}`, loading: "lazy" })),
      line && h("div", { class: "curve" }, line, h("span", { class: "row small" }, h("span", { class: "muted clip grow", text: `${curve.metric} / ${curve.variant}` }), h("b", { text: number(curve.value) }))),
      !line && !events.length && h("span", { class: "muted small", text: curve ? `${curve.metric} / ${curve.variant}: ${number(curve.value)}` : "No results yet" }),
    ].filter(Boolean));
  }
}
