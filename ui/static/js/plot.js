// Draws one plot event: a Plotly figure, or the picture that the SDK made of a matplotlib figure.
import { figure } from "./chart.js";
import { h } from "./dom.js";
import { fileLink } from "./files.js";

/** Draws a plot event into a box. */
export async function drawPlot(box, event, compact = false) {
  let content;
  try {
    content = JSON.parse(event.plot_str);
  } catch {
    return box.replaceChildren(h("p", { class: "notice error", text: "This plot can't be read." }));
  }
  const pictures = content.layout?.images ?? [];
  if (pictures.length && !(content.data ?? []).some(({ x, y, z, values }) => x?.length > 1 || y?.length > 1 || z || values)) {
    return box.replaceChildren(...pictures.map(({ source }) => h("img", { class: "plot-image", src: fileLink(source), alt: `${event.metric} ${event.variant}`, loading: "lazy" })));
  }
  return figure(box, content, { compact }).catch(() => box.replaceChildren(h("p", { class: "notice error", text: "This plot can't be drawn." })));
}
