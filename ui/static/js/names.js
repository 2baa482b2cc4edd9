// The names of metrics and parameters that the tasks of a table have; asked for once.
import { call } from "./api.js";

const found = new Map();

function once(key, ask) {
  if (!found.has(key)) found.set(key, ask().catch(() => { found.delete(key); return []; }));
  return found.get(key);
}

/** Metrics and variants: {metric, variant, metric_hash, variant_hash}; the monitor of the machine is left out. */
export const metricNames = (page) => once("metrics", async () => {
  const reply = await call("projects.get_unique_metric_variants", { ...(page.project ? { project: page.project.id } : {}), include_subprojects: true }, { quiet: true });
  return (reply.metrics ?? []).filter(({ metric }) => !metric.startsWith(":monitor"));
});

// the names of parameters are asked by project: for all tasks they are those of the newest tasks
async function recent() {
  const { tasks } = await call("tasks.get_all_ex", { order_by: ["-last_update"], page: 0, page_size: 50, only_fields: ["hyperparams"] }, { quiet: true });
  const names = new Set(tasks.flatMap(({ hyperparams }) => Object.entries(hyperparams ?? {}).flatMap(([section, items]) => Object.keys(items).map((name) => `${section}\u001f${name}`))));
  return [...names].sort().map((text) => { const [section, name] = text.split("\u001f"); return { section, name }; });
}

/** Parameters: {section, name}. */
export const parameterNames = (page) => once("parameters", async () => {
  if (!page.project) return recent();
  return (await call("projects.get_hyper_parameters", { project: page.project.id, include_subprojects: true, page: 0, page_size: 5000 }, { quiet: true })).parameters ?? [];
});
