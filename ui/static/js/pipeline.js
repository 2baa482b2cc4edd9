// The page of a pipeline: steps and runs, a new run with its parameters, abort with its steps, continue, delete.
import { menuItems } from "./actions.js";
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { data, url } from "./dom.js";
import { count } from "./format.js";
import { refresh } from "./live.js";
import { bindRows, named } from "./rows.js";
import "./stay.js";
import { toast } from "./toast.js";

const CHECKS = { int: [/^[+-]?\d+$/, "a whole number"], float: [/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "a number"] };
const queueField = async () => {
  const { queues } = await call("queues.get_all_ex", { only_fields: ["name", "display_name"], order_by: ["name"] });
  return { name: "queue", label: "Queue", type: "select", value: queues.find(({ name }) => name === "services")?.id, options: queues.map(({ id, name, display_name }) => [id, display_name || name]) };
};
const watched = (reply) => { if (reply.queue_watched === false) toast("No worker serves this queue at the moment", { detail: "Start one: clearml-agent daemon --services-mode --queue services" }); };

function checked(parameters, values) {
  return parameters.map(({ name, type }, index) => {
    const value = values[`argument-${index}`].trim();
    const [pattern, what] = CHECKS[type] ?? [];
    if (pattern && value && !pattern.test(value)) throw new Error(`${name}: “${value}” is not ${what}`);
    return { name, value };
  });
}

async function start(task) {
  const parameters = data("run-arguments");
  const made = await ask({
    title: "New run", action: "Run", text: parameters.length ? "" : "It has no parameters.",
    fields: [...parameters.map(({ name, value, type }, index) => ({ name: `argument-${index}`, label: name, value, help: CHECKS[type] ? type : "" })), await queueField()],
    submit: (values) => call("pipelines.start_pipeline", { task, queue: values.queue, args: checked(parameters, values), verify_watched_queue: true }, { quiet: true }),
  });
  if (!made) return;
  watched(made);
  if (made.pipeline) history.replaceState(null, "", `${location.pathname}?run=${made.pipeline}`);
  await refresh();
  toast("The run is queued", { kind: "done" });
}

async function goOn({ continue: task, name }) {
  const done = await ask({
    title: `Continue “${name}”?`, action: "Continue", text: "Steps that are done are kept; the run goes on with those that are not.", fields: [await queueField()],
    submit: ({ queue }) => call("tasks.enqueue", { task, queue, verify_watched_queue: true }, { quiet: true }),
  });
  if (!done) return;
  watched(done);
  await refresh();
  toast(`“${name}” is queued`, { kind: "done" });
}

async function abort({ abort: task, name, steps }) {
  if (!(await confirm({ title: `Abort “${name}”?`, action: "Abort", danger: true, text: `The run and those of its ${count(Number(steps), "step")} that are at work are asked to stop.` }))) return;
  await call("tasks.stop_many", { ids: [task], include_pipeline_steps: true });
  await refresh();
}

async function remove(rows) {
  const left = document.querySelectorAll("[data-row]").length - rows.length;
  const last = left ? "" : " No run is left then: the pipeline goes, too.";
  if (!(await confirm({ title: `Delete ${named(rows, "run")}?`, action: `Delete ${count(rows.length, "run")}`, danger: true, text: `The steps go with them. This can't be undone.${last}` }))) return;
  const [{ project }] = rows;
  const { failed = [] } = await call("pipelines.delete_runs", { ids: rows.map(({ id }) => id), project });
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  if (failed.length) toast(`Deleted ${rows.length - failed.length} of ${rows.length}`, { kind: "error", list: failed.map(({ id, error }) => `${names.get(id) ?? id}: ${error?.msg ?? "refused"}`) });
  else if (!left) return location.assign(url("/pipelines"));
  history.replaceState(null, "", location.pathname);
  await refresh();
  return undefined;
}

const SHOWN = ["abort", "tags", "rename", "archive", "restore"];
bindRows("run", [], (rows) => [...menuItems(rows).filter(({ name }) => SHOWN.includes(name)), { label: "Delete…", icon: "trash", danger: true, run: () => remove(rows) }]);
document.addEventListener("trackyard:changed", () => refresh());
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-start], [data-abort], [data-continue]");
  if (!button) return;
  if (button.dataset.start) start(button.dataset.start);
  else if (button.dataset.abort) abort(button.dataset);
  else goOn(button.dataset);
});
