// Which metrics of a task people want to see first.
const WANTED = ["val", "accuracy", "loss", "f1", "auc", "score", "reward", "map"];
const rank = ({ metric, variant }) => { const name = `${metric} ${variant}`.toLowerCase(); const at = WANTED.findIndex((word) => name.includes(word)); return at < 0 ? WANTED.length : at; };

/** Metrics that are curves, the likely most wanted first. */
export function wanted(lastMetrics = {}) {
  const all = Object.values(lastMetrics).flatMap((variants) => Object.values(variants)).filter(({ metric }) => metric && !metric.startsWith(":monitor") && metric !== "Summary");
  return all.sort((left, right) => rank(left) - rank(right) || left.metric.localeCompare(right.metric) || left.variant.localeCompare(right.variant));
}
