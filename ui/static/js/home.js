// The home page: elapsed times, pictures of recent tasks; on the first visit the credentials and the wait for the first run.
import { call, remember } from "./api.js";
import { find, findAll, url } from "./dom.js";
import { duration } from "./format.js";
import { poll } from "./live.js";
import { pictures } from "./pictures.js";

function elapsed() {
  for (const element of findAll("time[data-elapsed]")) element.textContent = duration((Date.now() - new Date(element.dateTime)) / 1000);
}

async function credentials(button) {
  const { credentials: made } = await call("auth.create_credentials", { label: "Created on the first page" });
  const box = find("#start-config");
  box.textContent = box.textContent.replace(/"access_key" = "[^"]*"/, `"access_key" = "${made.access_key}"`).replace(/"secret_key" = "[^"]*"/, `"secret_key" = "${made.secret_key}"`);
  button.disabled = true;
  button.textContent = "Created";
}

/** Draws the pictures of tasks that have changed or come. */
async function recent() {
  const boxes = new Map(findAll("[data-picture]").map((box) => [box.dataset.picture, box]));
  if (!boxes.size) return;
  const { tasks } = await call("tasks.get_all_ex", { id: [...boxes.keys()], search_hidden: true, only_fields: ["last_metrics", "last_update"] }, { quiet: true }).catch(() => ({ tasks: [] }));
  const changed = tasks.filter(({ id, last_update: moment }) => boxes.get(id)?.dataset.drawn !== moment);
  for (const { id, last_update: moment } of changed) boxes.get(id).dataset.drawn = moment;
  await pictures(changed, boxes);
}

if (find("#start")) {
  find("#make-credentials").addEventListener("click", (event) => credentials(event.target));
  poll(async () => {
    const { tasks } = await call("tasks.get_all_ex", { page: 0, page_size: 1, order_by: ["-last_update"], only_fields: ["id"] }, { quiet: true });
    if (tasks.length) location.assign(url(`/tasks/${tasks[0].id}/overview`));
  }, 2000);
} else {
  // the choice is kept for the next visit
  for (const link of findAll("[data-mine]")) link.addEventListener("click", async (event) => { event.preventDefault(); await remember({ mine: link.dataset.mine }); location.assign(link.href); });
  elapsed();
  setInterval(elapsed, 1000);
  recent();
  document.addEventListener("trackyard:refreshed", () => { elapsed(); recent(); });
}
