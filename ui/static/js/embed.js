// The code that shows a live plot in a report or on another page.
import { url } from "./dom.js";
import { toast } from "./toast.js";

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** The address of a frame: {type: "scalar"|"plot"|"sample"|"single"|"parcoords", objects, metrics, variants, xaxis, objectType}. */
function embedAddress({ type, objects, metrics = [], variants = [], xaxis = "iter", objectType = "task" }) {
  const query = new URLSearchParams({ type, objectType, xaxis });
  for (const [name, values] of Object.entries({ objects, metrics, variants })) for (const value of values) query.append(name, value);
  return `${location.origin}${url("/widgets/")}?${query}`;
}

/** The code of the frame, ready to paste into Markdown or HTML. */
export const embedCode = (part) => `<iframe src="${escape(embedAddress(part))}" name="${crypto.randomUUID()}" width="100%" height="400"></iframe>`;

/** An item of a menu that copies the code; `part` is computed when it is chosen. */
export const embedItem = (part) => ({
  label: "Copy the embed code", icon: "link",
  run: async () => {
    await navigator.clipboard.writeText(embedCode(part()));
    toast("Paste the code into a report", { kind: "done" });
  },
});
