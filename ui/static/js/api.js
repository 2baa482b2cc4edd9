// Calls of the server's API with the session of the page.
import { PREFIX } from "./dom.js";
import { toast } from "./toast.js";

/** An error of the server: its text, code, subcode and the id of the request. */
export class ApiError extends Error {
  constructor(message, code = 0, subcode = 0, id = "") {
    super(message);
    Object.assign(this, { code, subcode, id });
  }
}

async function read(response) {
  const reply = await response.json().catch(() => null);
  const meta = reply?.meta ?? {};
  if (response.ok) return reply?.data ?? {};
  throw new ApiError(meta.result_msg || `The server answered ${response.status}`, meta.result_code ?? response.status, meta.result_subcode ?? 0, meta.id ?? "");
}

function report(error) {
  if (error.code === 401) {
    const here = location.pathname.slice(PREFIX.length) + location.search;
    location.assign(`${PREFIX}/login?next=${encodeURIComponent(here)}`);
  } else toast(error.message, { kind: "error", detail: error.id && `Request ${error.id}` });
}

/**
 * Calls an endpoint ("tasks.get_all_ex") and returns the data of its answer. An error is shown as a toast with its request id and thrown;
 * `quiet` leaves the showing to the caller. The browser itself adds the Origin and Sec-Fetch-Site headers that the server checks.
 */
export async function call(endpoint, body = {}, { quiet = false, signal } = {}) {
  try {
    const response = await fetch(`${PREFIX}/api/${endpoint}`, {
      method: "POST", credentials: "same-origin", signal, body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-ClearML-Client": "Trackyard-web" },
    });
    return await read(response);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const known = error instanceof ApiError ? error : new ApiError("The server can't be reached");
    if (!quiet || known.code === 401) report(known);
    throw known;
  }
}

/** Encodes one segment of a dotted path: names may hold dots, dollar signs and underscores. */
export const segment = (name) => name.replaceAll("%", "%%").replaceAll(".", "%2E").replaceAll("$", "%24").replaceAll("__", "%_%_").replace(/^_/, "%_");

/** The text of a name as a pattern that matches only itself. */
export const literal = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** Reads the user's preferences of the web (an object). */
export async function preferences() {
  const reply = await call("users.get_preferences", {}, { quiet: true }).catch(() => ({}));
  return reply.preferences?.trackyard ?? {};
}

/** Merges values into the user's preferences of the web. Keys may not hold a dot. */
export const remember = (values) => call("users.set_preferences", { preferences: { trackyard: values } }, { quiet: true }).catch(() => undefined);
