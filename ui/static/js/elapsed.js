// Times that count up: <time data-elapsed datetime="…"> shows how long ago it was, kept up every second.
import { findAll } from "./dom.js";
import { duration } from "./format.js";

function show() {
  for (const element of findAll("time[data-elapsed]")) element.textContent = duration((Date.now() - new Date(element.dateTime)) / 1000);
}

show();
setInterval(show, 1000);
document.addEventListener("trackyard:refreshed", show);
