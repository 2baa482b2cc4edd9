// The page of workers needs nothing but its live regions; a worker named in the address is brought into view.
import { find } from "./dom.js";

if (location.hash.startsWith("#worker-")) find(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`)?.scrollIntoView({ block: "center" });
