// The page of workers: charts of all and of the chosen one; a worker named in the address is brought into view.
import { find } from "./dom.js";
import "./stay.js";
import "./table_csv.js";
import { timeCharts } from "./time_charts.js";

timeCharts(find("#overall"), "overall-charts");
timeCharts(find("#worker"), "worker-charts");
document.addEventListener("trackyard:refreshed", () => { find("#worker-panel").hidden = !find("#worker-panel header"); });
if (location.hash.startsWith("#worker-")) find(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`)?.scrollIntoView({ block: "center" });
