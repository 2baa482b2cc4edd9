// The page of a pipeline: a new run with its parameters, abort with its steps, delete.
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { count } from "./format.js";
import { data, url } from "./dom.js";
import { refresh } from "./live.js";
import { toast } from "./toast.js";

async function start(task) {
  const { queues } = await call("queues.get_all_ex", { only_fields: ["name", "display_name"], order_by: ["name"] });
  const parameters = data("run-arguments");
  const made = await ask({
    title: "New run", action: "Run", text: parameters.length ? "" : "It has no parameters.",
    fields: [...parameters.map(({ name, value }, index) => ({ name: `argument-${index}`, label: name, value })), { name: "queue", label: "Queue", type: "select", value: queues.find(({ name }) => name === "services")?.id, options: queues.map(({ id, name, display_name }) => [id, display_name || name]) }],
    submit: (values) => call("pipelines.start_pipeline", { task, queue: values.queue, args: parameters.map(({ name }, index) => ({ name, value: values[`argument-${index}`] })), verify_watched_queue: true }, { quiet: true }),
  });
  if (!made) return;
  if (made.queue_watched === false) toast("No worker serves this queue at the moment", { detail: "Start one: clearml-agent daemon --services-mode --queue services" });
  await refresh();
  toast("The run is queued", { kind: "done" });
}

async function abort({ abort: task, name, steps }) {
  if (!(await confirm({ title: `Abort “${name}”?`, action: "Abort", danger: true, text: `The run and those of its ${count(Number(steps), "step")} that are at work are asked to stop.` }))) return;
  await call("tasks.stop_many", { ids: [task], include_pipeline_steps: true });
  await refresh();
}

async function remove({ deleteRun: task, name, project, runs }) {
  const last = runs === "1" ? " It is the only run: the pipeline goes with it." : "";
  if (!(await confirm({ title: `Delete the run “${name}”?`, action: "Delete 1 run", danger: true, text: `Its steps go with it. This can't be undone.${last}` }))) return;
  const { failed } = await call("pipelines.delete_runs", { ids: [task], project });
  if (failed?.length) toast(`“${name}” stays`, { kind: "error", list: failed.map(({ error }) => error?.msg ?? "refused") });
  else if (runs === "1") location.assign(url("/pipelines"));
  else location.assign(url(`/pipelines/${project}`));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-start], [data-abort], [data-delete-run]");
  if (!button) return;
  if (button.dataset.start) start(button.dataset.start);
  else if (button.dataset.abort) abort(button.dataset);
  else remove(button.dataset);
});
