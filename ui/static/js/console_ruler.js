// The ruler of time beside a log: its whole span, the part in view, where the search hits; a click goes there.
import { h } from "./dom.js";
import { stamp } from "./format.js";

const STEPS = [1, 5, 15, 60, 300, 900, 3600, 10800, 43200, 86400, 604800].map((seconds) => seconds * 1000);

/** A ruler in `root`; `go(ms)` is called with the time that was chosen. */
export class Ruler {
  constructor(root, go) {
    Object.assign(this, { root, span: null });
    this.view = h("span", { class: "ruler-view" });
    this.hits = h("span");
    this.ticks = h("span");
    root.append(this.ticks, this.hits, this.view);
    root.addEventListener("click", (event) => {
      const box = root.getBoundingClientRect();
      if (this.span) go(this.span[0] + ((event.clientY - box.top) / box.height) * (this.span[1] - this.span[0]));
    });
  }

  share(time) {
    const [from, to] = this.span;
    return Math.max(0, Math.min(1, (time - from) / Math.max(1, to - from)));
  }

  /** Shows the span [from, to] of the whole log, all in ms. */
  cover(from, to) {
    if (this.span?.[0] === from && this.span[1] === to) return;
    this.span = [from, to];
    this.root.hidden = to - from < 1000;
    const step = STEPS.find((size) => (to - from) / size <= 12) ?? STEPS.at(-1);
    const marks = [];
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) marks.push(h("span", { class: "ruler-tick", style: { top: `${this.share(time) * 100}%` }, text: stamp(time).slice(step < 86400000 ? 11 : 5, step < 60000 ? 19 : step < 86400000 ? 16 : 10) }));
    this.ticks.replaceChildren(...marks);
  }

  /** Marks what is in view and the times that a search has found. */
  mark(first, last, found) {
    if (!this.span) return;
    this.view.style.top = `${this.share(first) * 100}%`;
    this.view.style.height = `max(3px, ${(this.share(last) - this.share(first)) * 100}%)`;
    const places = [...new Set(found.map((time) => Math.round(this.share(time) * 400)))];
    if (places.join() === this.shown) return;
    this.shown = places.join();
    this.hits.replaceChildren(...places.map((place) => h("span", { class: "ruler-hit", style: { top: `${place / 4}%` } })));
  }
}
