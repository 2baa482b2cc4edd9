// The page of automation services: start with settings, change settings, stop, start again.
import { call } from "./api.js";
import { confirm } from "./dialog.js";
import { refresh } from "./live.js";
import { toast } from "./toast.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-service]");
  if (!form) return;
  event.preventDefault();
  const error = form.querySelector(".form-error");
  error.hidden = true;
  const settings = Object.fromEntries(new FormData(form));
  const { service: name, task } = form.dataset;
  try {
    if (task) await call("services.configure", { task, settings }, { quiet: true });
    else await call("services.start", { name, settings }, { quiet: true });
  } catch (failure) {
    error.textContent = failure.message;
    error.hidden = false;
    return;
  }
  form.closest("details").open = false;
  await refresh();
  toast(task ? "The settings are saved" : "The service was started", { kind: "done" });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-stop], [data-start]");
  const row = button?.closest("[data-service-task]");
  if (!row) return;
  const { serviceTask: task, name } = row.dataset;
  if (button.matches("[data-start]")) await call("services.start", { task });
  else if (await confirm({ title: `Stop “${name}”?`, action: "Stop 1 service", danger: true, text: "What it does at the moment is ended. Its state is kept." })) await call("services.stop", { task });
  await refresh();
});
