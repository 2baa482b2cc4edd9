// Debug samples of a task by iteration: pictures, video, audio, text; a viewer with iterations.
import { call } from "./api.js";
import { show } from "./dialog.js";
import { data, empty, find, h, icon } from "./dom.js";
import { embedCode } from "./embed.js";
import { fileKind, fileLink } from "./files.js";
import { poll } from "./live.js";
import { current } from "./task.js";

const page = data("page-data");
const root = find("#samples");
const state = { metric: new URLSearchParams(location.search).get("metric"), scroll: null, iterations: [], more: true };
const closed = new Set(); // iterations that the reader has folded

function media(event, { thumb = false } = {}) {
  const link = fileLink(event.url);
  const name = `${event.metric} ${event.variant}, iteration ${event.iter}`;
  if (!link) return h("div", { class: "sample-file" }, icon("image"), h("span", { class: "small clip", text: event.url }));
  const kind = fileKind(event.url);
  if (kind === "image") return h("img", { src: link, alt: name, loading: thumb ? "lazy" : undefined });
  if (kind === "video") return h("video", { src: link, controls: !thumb, preload: "metadata", "aria-label": name });
  if (kind === "audio") return h("audio", { src: link, controls: true, preload: "none", "aria-label": name });
  return h("div", { class: "sample-file" }, icon("report"), h("span", { class: "small clip", text: event.url.split("/").pop() }));
}

function tile(event) {
  return h("figure", { class: "sample" }, h("button", { class: "sample-open", type: "button", "aria-label": `Open ${event.metric} ${event.variant}, iteration ${event.iter}`, onclick: () => view(event) }, media(event, { thumb: true })),
    fileKind(event.url) === "audio" && media(event), h("figcaption", { class: "small clip", title: `${event.metric} / ${event.variant}` }, h("span", { class: "strong", text: event.variant }), h("span", { class: "muted", text: ` ${event.metric}` })));
}

function draw() {
  const sections = state.iterations.filter(({ events }) => events.length).map(({ iter, events }) => h("details", { class: "section fold", open: !closed.has(iter), ontoggle: ({ target }) => (target.open ? closed.delete(iter) : closed.add(iter)) }, h("summary", {}, h("h2", {}, `Iteration ${iter}`, h("span", { class: "count-badge", text: String(events.length) }))), h("div", { class: "samples" }, events.map(tile))));
  const older = state.more && sections.length ? h("button", { class: "btn", type: "button", text: "Older iterations", onclick: () => load({ older: true }) }) : "";
  root.replaceChildren(...(sections.length ? [...sections, older] : [empty("No sample yet", "Report a picture with task.get_logger().report_image(title, series, iteration, image=array).")]));
}

async function load({ older = false } = {}) {
  const reply = await call("events.debug_images", { metrics: [{ task: page.task, metric: state.metric }], iters: 3, ...(older ? { scroll_id: state.scroll, navigate_earlier: true } : {}) }, { quiet: true });
  const found = reply.metrics?.[0]?.iterations ?? [];
  state.scroll = reply.scroll_id;
  if (older) { state.iterations.push(...found.filter(({ iter }) => !state.iterations.some((other) => other.iter === iter))); state.more = found.length > 0; }
  else if (JSON.stringify(found) === JSON.stringify(state.iterations.slice(0, found.length))) { if (!found.length) draw(); return; }
  else { state.iterations = found; state.more = true; }
  draw();
}

async function tools() {
  const reply = await call("events.get_task_metrics", { tasks: [page.task], event_type: "training_debug_image" }, { quiet: true });
  const names = (reply.metrics?.[0]?.metrics ?? []).sort();
  const select = h("select", { "aria-label": "Metric", onchange: () => {
    state.metric = select.value || null;
    history.replaceState(null, "", `${location.pathname}${state.metric ? `?metric=${encodeURIComponent(state.metric)}` : ""}`);
    state.iterations = [];
    load();
  } }, h("option", { value: "", text: "All metrics" }), names.map((name) => h("option", { value: name, text: name, selected: name === state.metric })));
  find("#sample-tools").replaceChildren(select, h("span", { class: "grow" }), h("button", { class: "btn ghost", type: "button", onclick: () => load() }, icon("refresh"), "Newest"));
}

async function view(first) {
  let event = first;
  const stage = h("div", { class: "stage" });
  const title = h("span", { class: "strong clip grow" });
  const slider = h("input", { type: "range", step: "1", "aria-label": "Iteration", onchange: () => at(Number(slider.value)) });
  const open = h("a", { class: "btn", download: "" }, icon("download"), "Download");
  const embed = h("button", { class: "btn", type: "button", onclick: () => navigator.clipboard.writeText(embedCode({ type: "sample", objects: [page.task], metrics: [event.metric], variants: [event.variant] })) }, icon("link"), "Embed code");
  const step = (earlier, iteration = false) => async () => {
    const reply = await call("events.next_debug_image_sample", { task: page.task, scroll_id: viewer.scroll, navigate_earlier: earlier, next_iteration: iteration }, { quiet: true }).catch(() => ({}));
    if (reply.event) put(reply.event);
  };
  const button = (label, name, run) => h("button", { class: "btn ghost square", type: "button", "aria-label": label, title: label, onclick: run }, icon(name));
  const viewer = { scroll: null };
  const zoom = { scale: 1 };
  const scale = (factor) => () => { zoom.scale = factor ? Math.min(16, Math.max(0.1, zoom.scale * factor)) : 1; stage.style.setProperty("--zoom", String(zoom.scale)); stage.classList.toggle("zoomed", zoom.scale !== 1); };
  function put(next) {
    event = next;
    stage.replaceChildren(media(event));
    title.textContent = `${event.metric} / ${event.variant} · iteration ${event.iter}`;
    open.href = fileLink(event.url);
    slider.value = String(event.iter);
  }
  async function at(iteration) {
    const reply = await call("events.get_debug_image_sample", { task: page.task, metric: event.metric, variant: event.variant, iteration, navigate_current_metric: true, ...(viewer.scroll ? { scroll_id: viewer.scroll } : {}) }, { quiet: true }).catch(() => ({}));
    viewer.scroll = reply.scroll_id;
    Object.assign(slider, { min: String(reply.min_iteration ?? event.iter), max: String(reply.max_iteration ?? event.iter) });
    put(reply.event ?? event);
  }
  put(event);
  const dialog = show({ title: "Sample", kind: "full", content: h("div", { class: "viewer" }, stage, h("div", { class: "row" }, button("Earlier iteration", "chevron-left", step(true, true)), slider, button("Later iteration", "chevron-right", step(false, true)), title,
    button("Previous sample", "sort-up", step(true)), button("Next sample", "sort-down", step(false)), button("Larger", "plus", scale(1.25)), button("Smaller", "minus", scale(0.8)), button("Fit", "expand", scale(0)), embed, open)) });
  dialog.addEventListener("keydown", ({ key, target }) => { if (target !== slider) ({ ArrowLeft: step(true), ArrowRight: step(false), ArrowUp: step(false, true), ArrowDown: step(true, true), "+": scale(1.25), "-": scale(0.8) })[key]?.(); });
  await at(event.iter);
}

await Promise.all([load(), tools()]).catch(() => undefined);
poll(async () => { if (current().status === "in_progress" && state.iterations.length <= 3) await Promise.all([load(), tools()]); }, 6000);
