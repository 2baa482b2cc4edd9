// The list of reports: new, and actions on one and on many.
import { debounce, find } from "./dom.js";
import { command } from "./palette.js";
import { createReport, REPORT_ACTIONS } from "./report_actions.js";
import { bindRows } from "./rows.js";

bindRows("report", REPORT_ACTIONS);
document.addEventListener("click", (event) => { if (event.target.closest("[data-new-report]")) createReport(); });
command("New report", () => createReport(), "plus");
const form = find("[data-filters]");
form.addEventListener("formdata", (event) => { for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name); });
form.addEventListener("change", ({ target }) => { if (target.matches("select")) form.requestSubmit(); });
find('[name="q"]', form).addEventListener("input", debounce(() => form.requestSubmit(), 500));
