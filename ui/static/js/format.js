// Numbers, times and sizes as people read them.

const UNITS = [[31557600, "y"], [2629800, "mo"], [604800, "w"], [86400, "d"], [3600, "h"], [60, "min"]];

/** "3 min ago", "in 2 h" or "just now" for a date. */
export function ago(value, now = Date.now()) {
  if (!value) return "";
  const seconds = (now - new Date(value).getTime()) / 1000;
  const size = Math.abs(seconds);
  const unit = UNITS.find(([length]) => size >= length);
  if (!unit) return "just now";
  const text = `${Math.floor(size / unit[0])} ${unit[1]}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

const two = (value) => String(value).padStart(2, "0");

/** A date as "2026-11-25 06:57:31" in the reader's zone. */
export function stamp(value) {
  if (!value) return "";
  const date = new Date(value);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Seconds as "1 h 02 min" or "34 s". */
export function duration(seconds) {
  if (seconds === undefined || seconds === null) return "";
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  if (total < 86400) return `${Math.floor(total / 3600)} h ${two(Math.floor((total % 3600) / 60))} min`;
  return `${Math.floor(total / 86400)} d ${Math.floor((total % 86400) / 3600)} h`;
}

/** A number with five significant digits at most, never in more than ten characters. */
export function number(value) {
  if (value === undefined || value === null) return "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(3);
  return String(Number(value.toPrecision(5)));
}

/** Bytes as "1.4 MB" (powers of 1000, as the axes of disks are). */
export function bytes(value) {
  if (value === undefined || value === null) return "";
  let size = value;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (Math.abs(size) < 1000) return `${unit === "B" ? size : size.toFixed(1)} ${unit}`;
    size /= 1000;
  }
  return `${size.toFixed(1)} TB`;
}

/** "1 task", "3 tasks". */
export const count = (amount, noun) => `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;

/** Whether less of a metric is better, judged by its name. */
export const lowerIsBetter = (name) => /loss|error|\bm[as]e\b|rmse|perplexity|latency/i.test(name);

/** A stable number of a series (0…9) for a name: the same text has the same colour everywhere. */
export function series(text) {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  return (hash >>> 8) % 10;
}
