// Small curves of a task's most wanted metrics, for panels and overviews.
import { call } from "./api.js";
import { LineChart } from "./chart.js";
import { distinct } from "./curves.js";
import { h } from "./dom.js";
import { number } from "./format.js";
import { wanted } from "./wanted.js";

/** Draws the curves of at most `limit` metrics of a task into `root`; returns {refresh}. */
export async function curveCards(root, task, limit) {
  const groups = [...new Set(wanted(task.last_metrics).map(({ metric }) => metric))].slice(0, limit);
  if (!groups.length) root.replaceChildren(h("p", { class: "muted", text: "No scalar has been reported." }));
  const cards = groups.map((metric) => {
    const last = h("span", { class: "muted small" });
    const box = h("div", { class: "chart-box small-chart" });
    root.append(h("figure", { class: "card" }, h("figcaption", { class: "row" }, h("span", { class: "strong clip grow", text: metric }), last), box));
    return { metric, last, chart: new LineChart(box, { title: metric }) };
  });
  async function refresh() {
    const curves = await call("events.scalar_metrics_iter_histogram", { task: task.id, samples: 400, metrics: groups.map((metric) => ({ metric })) }, { quiet: true });
    await Promise.all(cards.map(({ metric, last, chart }) => {
      const lines = Object.entries(curves[metric] ?? {}).map(([variant, { x, y }]) => ({ name: variant, label: variant, x, y }));
      last.textContent = lines.length === 1 ? number(lines[0].y.at(-1)) : "";
      return chart.update(distinct(lines), { axis: "iter" });
    }));
  }
  if (groups.length) await refresh().catch(() => undefined);
  return { refresh };
}
