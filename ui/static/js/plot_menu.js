// What a figure can be saved as: a picture, its JSON, or its data as a table; and a frame for reports.
import { csv, save } from "./dom.js";
import { openMenu } from "./menu.js";

const name = (title) => title.replace(/[^\w .,()=-]+/g, "-").slice(0, 120);
const column = (value) => (Array.isArray(value) ? value : value?._inputArray ?? []);

/** The data of a figure as rows: a table as it stands, a matrix by its cells, everything else point by point. */
export function rowsOf({ data = [] }) {
  const table = data.find(({ type }) => type === "table");
  if (table) {
    const columns = (table.cells?.values ?? []).map(column);
    return [(table.header?.values ?? []).map((title) => [title].flat().join(" ")), ...(columns[0] ?? []).map((_, row) => columns.map((values) => values[row]))];
  }
  const rows = data.flatMap((trace, number) => {
    const label = trace.name ?? `trace ${number + 1}`;
    if (Array.isArray(trace.z?.[0])) return trace.z.flatMap((line, y) => line.map((z, x) => [label, trace.x?.[x] ?? x, trace.y?.[y] ?? y, z]));
    if (trace.dimensions) return trace.dimensions.flatMap((dimension) => column(dimension.values).map((value, index) => [dimension.label, index, value, ""]));
    const [x, y, z] = [trace.x ?? trace.labels, trace.y ?? trace.values, trace.z].map(column);
    return Array.from({ length: Math.max(x.length, y.length, z.length) }, (_, index) => [label, x[index] ?? index, y[index] ?? "", z[index] ?? ""]);
  });
  return [["series", "x", "y", "z"], ...rows];
}

/** Opens the menu of a figure that is drawn in `box`; `event` has it as text, `more` are items put before the others. */
export function plotMenu(anchor, title, box, event, more = []) {
  const image = (format) => () => window.Plotly?.downloadImage(box, { format, filename: name(title), width: 1200, height: 700 });
  const drawn = box.classList.contains("js-plotly-plot");
  openMenu(anchor, [
    ...more,
    ...(drawn ? [{ label: "Download as PNG", icon: "image", run: image("png") }, { label: "Download as SVG", icon: "image", run: image("svg") }] : []),
    { label: "Download the data as CSV", icon: "download", run: () => save(`${name(title)}.csv`, csv(rowsOf(JSON.parse(event.plot_str))), "text/csv") },
    { label: "Download the figure as JSON", icon: "download", run: () => save(`${name(title)}.json`, event.plot_str, "application/json") },
  ]);
}
