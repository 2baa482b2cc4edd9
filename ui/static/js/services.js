// The page of services: stop, and start again.
import { call } from "./api.js";
import { confirm } from "./dialog.js";
import { refresh } from "./live.js";
import { toast } from "./toast.js";

async function stop({ task, name, status }) {
  if (!(await confirm({ title: `Stop “${name}”?`, action: "Stop 1 service", danger: true, text: status === "queued" ? "It is taken out of its queue." : "Its process is asked to stop and ends by itself." }))) return;
  await call(status === "queued" ? "tasks.dequeue" : "tasks.stop", { task });
  await refresh();
  toast(`Stopped “${name}”`, { kind: "done" });
}

async function start({ task, name, status }) {
  if (status !== "created") {
    if (!(await confirm({ title: `Start “${name}” again?`, action: "Start again", text: "Its log and results so far are removed; code and parameters stay." }))) return;
    await call("tasks.reset", { task, force: true });
  }
  const { queue_watched: watched } = await call("tasks.enqueue", { task, queue_name: "services", verify_watched_queue: true });
  await refresh();
  toast(`“${name}” waits in the queue services`, { kind: "done", detail: watched === false ? "No worker serves it at the moment: clearml-agent daemon --services-mode --queue services" : "" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-stop], [data-restart]");
  if (!button) return;
  const { dataset } = button.closest("[data-task]");
  if (button.matches("[data-stop]")) stop(dataset);
  else start(dataset);
});
