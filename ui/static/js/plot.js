// Draws one plot event: a Plotly figure, or the picture that the SDK made of a matplotlib figure.
import { colour, figure } from "./chart.js";
import { h } from "./dom.js";
import { fileLink } from "./files.js";
import { parallel } from "./hyperplots.js";

// Plotly draws parallel coordinates with code made from text, which the content policy forbids: they are drawn as the comparison's
function rowsOf({ dimensions = [] }) {
  const named = dimensions.map(({ label, values = [], tickvals, ticktext }, index) => ({ label: label || `axis ${index + 1}`, values: values.map((value) => ticktext?.[tickvals?.indexOf(value)] ?? value) }));
  const last = named.at(-1);
  return (last?.values ?? []).map((value, row) => ({
    id: "", name: `${last.label} ${value}`, colour: colour(`series-${row % 10}`), metrics: { [last.label]: value },
    parameters: Object.fromEntries(named.slice(0, -1).map(({ label, values }) => [label, values[row]])),
  }));
}

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
  const coordinates = content.data?.find(({ type }) => type === "parcoords");
  if (coordinates) {
    box.setAttribute("role", "group");
    return box.replaceChildren(parallel(rowsOf(coordinates)));
  }
  return figure(box, content, { compact }).catch(() => box.replaceChildren(h("p", { class: "notice error", text: "This plot can't be drawn." })));
}
