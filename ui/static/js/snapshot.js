// The snapshot of a project: one metric of its tasks by when they started; a click on a point opens the task.
import { get, put } from "./address.js";
import { call } from "./api.js";
import { colour, figure } from "./chart.js";
import { STATUS_NAMES, data, find, h, icon, url } from "./dom.js";
import { plotMenu } from "./plot_menu.js";

const page = data("page-data");
const root = find("#snapshot");
const TONES = { in_progress: "running", queued: "queued", created: "draft", completed: "completed", closed: "completed", published: "published", failed: "failed", stopped: "aborted" };
const KINDS = [["value", "Last"], ["min_value", "Min"], ["max_value", "Max"]];
const key = ({ metric_hash: metric, variant_hash: variant }) => `${metric}.${variant}`;

async function read(item, kind) {
  const path = `last_metrics.${key(item)}.${kind}`;
  const { tasks } = await call("tasks.get_all_ex", { project: [page.id], include_subprojects: true, system_tags: ["__$not", "archived"], [path]: [null, null], order_by: ["-started"], page: 0, page_size: 500, only_fields: ["name", "status", "started", "user.name", path] }, { quiet: true });
  return tasks.map((task) => ({ ...task, value: task.last_metrics?.[item.metric_hash]?.[item.variant_hash]?.[kind] })).filter(({ value, started }) => value !== undefined && started);
}

function shape(tasks, item) {
  const groups = Map.groupBy(tasks, ({ status }) => status);
  return {
    data: [...groups].map(([status, rows]) => ({ type: "scatter", mode: "markers", name: STATUS_NAMES[status] ?? status, x: rows.map(({ started }) => started), y: rows.map(({ value }) => value), customdata: rows.map(({ id }) => id), text: rows.map(({ name, user }) => `${name.replaceAll("<", "&lt;")}${user?.name ? `<br>${user.name.replaceAll("<", "&lt;")}` : ""}`), hovertemplate: "%{text}<br>%{y}<extra></extra>", marker: { size: 9, color: colour(TONES[status] ?? "draft") } })),
    layout: { yaxis: { title: { text: `${item.metric} / ${item.variant}` } }, legend: { orientation: "h" } },
  };
}

async function start() {
  const { metrics = [] } = await call("projects.get_unique_metric_variants", { project: page.id, include_subprojects: true }, { quiet: true });
  const names = metrics.filter(({ metric }) => !metric.startsWith(":monitor"));
  if (!names.length) return root.replaceChildren(h("p", { class: "muted", text: "No metric has been reported in this project." }));
  const box = h("div", { class: "plot-box", role: "img", "aria-label": "Snapshot of a metric" });
  const chosen = () => names.find((item) => key(item) === get("metric")) ?? names[0];
  let drawn = {};
  const draw = async () => {
    drawn = shape(await read(chosen(), get("kind", "value")), chosen());
    await figure(box, drawn);
    box.removeAllListeners?.("plotly_click");
    box.on?.("plotly_click", ({ points }) => { if (points[0]?.customdata) location.assign(url(`/tasks/${points[0].customdata}`)); });
  };
  const select = (label, name, options, value) => h("select", { "aria-label": label, onchange: (event) => { put({ [name]: event.target.value }); draw(); } }, options.map(([option, text]) => h("option", { value: option, text, selected: option === value })));
  root.replaceChildren(h("div", { class: "row" }, select("Metric", "metric", names.map((item) => [key(item), `${item.metric} / ${item.variant}`]), key(chosen())), select("Which value", "kind", KINDS, get("kind", "value")), h("span", { class: "grow" }),
    h("button", { class: "btn ghost square", type: "button", "aria-haspopup": "menu", "aria-label": "Save the snapshot", onclick: (event) => plotMenu(event.currentTarget, `${page.name} snapshot`, box, { plot_str: JSON.stringify(drawn) }) }, icon("dots"))), h("div", { class: "card" }, box));
  document.addEventListener("trackyard:theme", () => draw());
  return draw();
}

start().catch(() => undefined);
