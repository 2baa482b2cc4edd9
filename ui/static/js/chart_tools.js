// The toolbar of charts: axis, smoothing, scales, columns. Its state lives in the address and is remembered in the browser.
import { h } from "./dom.js";

const DEFAULTS = { axis: "iter", smoothing: "ema", strength: 0, logY: false, logX: false, outliers: false, columns: 0, group: "metric" };

/** Reads the state of the toolbar from the address, else as it was used last. */
export function readState() {
  const kept = { ...DEFAULTS, ...JSON.parse(localStorage.getItem("trackyard.charts") ?? "{}") };
  const params = new URLSearchParams(location.search);
  for (const [key, usual] of Object.entries(DEFAULTS)) {
    if (params.has(key)) kept[key] = typeof usual === "boolean" ? params.get(key) === "1" : typeof usual === "number" ? Number(params.get(key)) : params.get(key);
  }
  return kept;
}

function keep(state) {
  localStorage.setItem("trackyard.charts", JSON.stringify(state));
  const params = new URLSearchParams(location.search);
  for (const [key, usual] of Object.entries(DEFAULTS)) {
    if (state[key] === usual) params.delete(key);
    else params.set(key, typeof usual === "boolean" ? "1" : String(state[key]));
  }
  history.replaceState(null, "", `${location.pathname}${params.size ? `?${params}` : ""}${location.hash}`);
}

const segments = (label, options, value, choose) => h("span", { class: "segments", role: "group", "aria-label": label }, options.map(([key, text, title]) => h("button", { type: "button", "aria-pressed": String(key === value), title, text, onclick: (event) => {
  for (const other of event.currentTarget.parentElement.children) other.setAttribute("aria-pressed", String(other === event.currentTarget));
  choose(key);
} })));

/** Fills `root` with the toolbar; `changed(state, key)` is called when something changes. `groups`: offer grouping; `extra`: more buttons. */
export function chartTools(root, state, changed, { groups = true, extra = [] } = {}) {
  const set = (key) => (value) => { state[key] = value; keep(state); changed(state, key); };
  const flip = (key, text, title) => h("button", { class: "btn ghost", type: "button", "aria-pressed": String(state[key]), title, text, onclick: (event) => { set(key)(!state[key]); event.currentTarget.setAttribute("aria-pressed", String(state[key])); } });
  const amount = h("span", { class: "muted small num amount", text: state.strength.toFixed(2) });
  root.replaceChildren(
    segments("Horizontal axis", [["iter", "Iterations"], ["relative", "Relative"], ["time", "Time"]], state.axis, set("axis")), h("span", { class: "sep" }),
    h("select", { class: "narrow", title: "Smoothing", "aria-label": "Kind of smoothing", onchange: (event) => set("smoothing")(event.target.value) }, [["ema", "Exponential"], ["average", "Running average"], ["gaussian", "Gaussian"], ["none", "Not smoothed"]].map(([value, text]) => h("option", { value, text, selected: value === state.smoothing }))),
    h("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: String(state.strength), "aria-label": "Strength of smoothing", oninput: (event) => { amount.textContent = Number(event.target.value).toFixed(2); set("strength")(Number(event.target.value)); } }), amount,
    h("span", { class: "sep" }), flip("logY", "Log Y", "Logarithmic values"), flip("logX", "Log X", "Logarithmic iterations"), flip("outliers", "No outliers", "Leaves the greatest and least two percent out of view"),
    ...extra, h("span", { class: "grow" }),
    groups && segments("Group by", [["metric", "By metric"], ["none", "Each"]], state.group, set("group")),
    h("select", { "aria-label": "Columns", title: "Charts in a row", onchange: (event) => set("columns")(Number(event.target.value)) }, [[0, "Auto"], [1, "1"], [2, "2"], [3, "3"], [4, "4"]].map(([value, text]) => h("option", { value: String(value), text: value ? `${text} in a row` : "Auto", selected: value === state.columns }))));
}
