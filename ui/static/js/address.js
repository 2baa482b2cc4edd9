// The state of a page in its address: read, and written without a new entry in the history.

/** The value of a parameter, or `usual`. */
export const get = (name, usual = "") => new URLSearchParams(location.search).get(name) ?? usual;
/** The values of a parameter that holds a list. */
export const list = (name) => new URLSearchParams(location.search).getAll(name);

/** Writes parameters: a text, a list, or null for none. */
export function put(values) {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    params.delete(name);
    for (const item of [value].flat()) if (item !== null && item !== "") params.append(name, item);
  }
  history.replaceState(history.state, "", `${location.pathname}${params.size ? `?${params}` : ""}${location.hash}`);
  document.dispatchEvent(new CustomEvent("trackyard:address"));
}
