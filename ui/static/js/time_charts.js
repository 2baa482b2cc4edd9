// Charts over time from a data block of the page [{title, unit, x (ms), lines: [{name, y}]}], drawn again when the page is refreshed.
import { LineChart } from "./chart.js";
import { distinct } from "./curves.js";
import { data, h } from "./dom.js";
import { number } from "./format.js";

class Chart {
  constructor(root, { title }) {
    this.values = h("span", { class: "row small muted" });
    const box = h("div", { class: "chart-box small-chart" });
    this.node = h("figure", { class: "card" }, h("figcaption", { class: "row" }, h("span", { class: "strong clip grow", text: title }), this.values), box);
    root.append(this.node);
    this.chart = new LineChart(box, { title });
  }

  async update({ unit, x, lines }) {
    const shown = distinct(lines.map(({ name, y }) => ({ name, label: name, x, y })));
    this.values.replaceChildren(...shown.map(({ label, colour, y }) => h("span", { class: "row gap4" }, h("span", { class: "swatch", style: { background: colour } }), `${label} ${number(Number((y.at(-1) ?? 0).toFixed(1)))}${unit && ` ${unit}`}`)));
    await this.chart.update(shown, { axis: "time" });
  }

  remove() {
    this.chart.remove();
    this.node.remove();
  }
}

/** Keeps the charts of the data block `id` in `root`. */
export function timeCharts(root, id) {
  const charts = new Map();
  const draw = async () => {
    const wanted = data(id) ?? [];
    for (const [title, chart] of charts) if (!wanted.some((item) => item.title === title)) { chart.remove(); charts.delete(title); }
    // all are in place before one is drawn: each takes the width that it has then
    for (const item of wanted) if (!charts.has(item.title)) charts.set(item.title, new Chart(root, item));
    for (const item of wanted) await charts.get(item.title).update(item);
  };
  document.addEventListener("trackyard:refreshed", draw);
  return draw();
}
