// Pages that keep up with the server: polling with back-off, the mark in the top bar, and regions that are read again.
import { find, findAll } from "./dom.js";
import { stamp } from "./format.js";
import { morph } from "./morph.js";

const state = { paused: localStorage.getItem("trackyard.paused") === "1", failed: null, loops: new Set() };

function show() {
  const mark = find("#live");
  const name = state.paused ? "paused" : state.failed ? "stale" : "live";
  document.documentElement.toggleAttribute("data-stale", name === "stale");
  if (!mark) return;
  mark.hidden = state.loops.size === 0;
  mark.dataset.state = name;
  const text = { paused: "Paused", live: "Live", stale: `Stale since ${stamp(state.failed ?? Date.now()).slice(11)}` }[name];
  mark.title = name === "paused" ? "Updates are paused. Click to go on." : "Updates by itself. Click to pause.";
  const label = find("span", mark);
  if (label.textContent !== text) label.textContent = text;
}


/** Pauses or resumes all updates of the page. */
export function toggle() {
  state.paused = !state.paused;
  localStorage.setItem("trackyard.paused", state.paused ? "1" : "0");
  show();
  if (!state.paused) for (const loop of state.loops) loop.now();
}

/**
 * Calls the async function `step` every `every` ms while the page can be seen. A failure waits longer each time, up to a minute,
 * and marks the page stale. Returns {now, stop}. `step` may return a number: the ms until the next call, or `false` to end.
 */
export function poll(step, every = 5000) {
  let timer = 0;
  let running = false;
  let fails = 0;
  const loop = { now, stop };
  function later(wait) {
    clearTimeout(timer);
    if (state.loops.has(loop)) timer = setTimeout(now, wait);
  }
  async function now() {
    if (running || !state.loops.has(loop)) return;
    if (state.paused || document.hidden) return later(every);
    running = true;
    try {
      const answer = await step();
      fails = 0;
      state.failed = null;
      if (answer === false) stop();
      else later(typeof answer === "number" ? answer : every);
    } catch (error) {
      if (error.name !== "AbortError") state.failed ??= Date.now();
      fails += 1;
      later(Math.min(60000, every * 1.6 ** fails));
    } finally {
      running = false;
      show();
    }
  }
  function stop() {
    clearTimeout(timer);
    state.loops.delete(loop);
    show();
  }
  state.loops.add(loop);
  later(every);
  show();
  return loop;
}

/** Reads this page again and puts what changed into its `[data-live]` regions. */
export async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (response.redirected && new URL(response.url).pathname.endsWith("/login")) return location.assign(response.url);
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of findAll("[data-live]")) {
    const next = find(`[data-live="${CSS.escape(region.dataset.live)}"]`, fresh);
    if (next && !region.querySelector("dialog[open], form:focus-within, :popover-open")) morph(region, next);
  }
  document.dispatchEvent(new CustomEvent("trackyard:refreshed", { detail: fresh }));
  return undefined;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const loop of state.loops) loop.now();
});
