// The page of services: stop, start, restart, one or many; the details of one at the right.
import { menuItems } from "./actions.js";
import { call } from "./api.js";
import { confirm } from "./dialog.js";
import "./elapsed.js";
import { refresh } from "./live.js";
import { bindRows } from "./rows.js";
import "./stay.js";
import { toast } from "./toast.js";

async function stop({ id: task, name, status }) {
  if (!(await confirm({ title: `Stop “${name}”?`, action: "Stop 1 service", danger: true, text: status === "queued" ? "It is taken out of its queue." : "Its process is asked to stop and ends by itself." }))) return;
  await call(status === "queued" ? "tasks.dequeue" : "tasks.stop", { task });
  await refresh();
  toast(`Stopped “${name}”`, { kind: "done" });
}

async function queue(task, name) {
  const { queue_watched: watched } = await call("tasks.enqueue", { task, queue_name: "services", verify_watched_queue: true });
  await refresh();
  toast(`“${name}” waits in the queue services`, { kind: "done", detail: watched === false ? "No worker serves it at the moment: clearml-agent daemon --services-mode --queue services" : "" });
}

async function start({ id: task, name, status }) {
  if (status !== "created") {
    if (!(await confirm({ title: `Start “${name}” again?`, action: "Start again", text: "Its log and results so far are removed; code and parameters stay." }))) return;
    await call("tasks.reset", { task, force: true });
  }
  await queue(task, name);
}

async function restart({ id: task, name }) {
  if (!(await confirm({ title: `Restart “${name}”?`, action: "Restart", danger: true, text: "Its process is stopped, its log and results so far are removed, and it is queued again." }))) return;
  await call("tasks.reset", { task, force: true });
  await queue(task, name);
}

const SHOWN = ["enqueue", "dequeue", "abort", "clone", "tags", "rename", "archive"];
bindRows("service", [], (rows) => menuItems(rows).filter(({ name }) => SHOWN.includes(name)));
document.addEventListener("trackyard:changed", () => refresh());
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-stop], [data-restart], [data-again]");
  if (!button) return;
  const row = JSON.parse(button.closest("[data-row]").dataset.row);
  if (button.matches("[data-stop]")) stop(row);
  else if (button.matches("[data-restart]")) start(row);
  else restart(row);
});
