// The overview of a task: its top curves, live.
import { call } from "./api.js";
import { LineChart } from "./chart.js";
import { data, find, h } from "./dom.js";
import { number } from "./format.js";
import { poll } from "./live.js";
import { current } from "./task.js";

const page = data("page-data");
const root = find("#top-curves");

if (root && page.top.length) {
  const cards = page.top.map(({ metric, variant }) => {
    const last = h("span", { class: "muted small" });
    const box = h("div", { class: "chart-box mid-chart" });
    root.append(h("figure", { class: "card" }, h("figcaption", { class: "row" }, h("span", { class: "strong clip grow", text: `${metric} / ${variant}` }), last), box));
    return { metric, variant, last, chart: new LineChart(box, { title: `${metric} ${variant}` }) };
  });
  const draw = async () => {
    const curves = await call("events.scalar_metrics_iter_histogram", { task: page.task, samples: 600, metrics: page.top.map(({ metric, variant }) => ({ metric, variants: [variant] })) }, { quiet: true });
    await Promise.all(cards.map(({ metric, variant, last, chart }) => {
      const line = curves[metric]?.[variant];
      last.textContent = line?.y.length ? number(line.y.at(-1)) : "";
      return chart.update(line ? [{ name: variant, label: variant, x: line.x, y: line.y }] : [], { axis: "iter" });
    }));
  };
  draw().catch(() => undefined);
  poll(async () => { if (current().status === "in_progress") await draw(); }, 4000);
}
