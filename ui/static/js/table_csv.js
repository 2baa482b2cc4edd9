// Saves tables of the page as CSV: <button data-csv="label"> saves the table beside it, or those in regions with this label. Times are
// saved in full; rows that are hidden and columns that only draw or act are left out.
import { csv, find, findAll, save } from "./dom.js";

function text(cell) {
  const time = find("time[datetime]", cell);
  if (time) return time.dateTime;
  return (find(".measure .small", cell) ?? cell).textContent.replace(/\s+/g, " ").trim();
}

const acts = (head) => head.matches(".choose, .grip") || Boolean(find(".sr", head));
const draws = (cells) => cells.some((cell) => find("svg, img", cell)) && !cells.some(text);

function rows(table) {
  const [heads, ...body] = findAll("tr:not([hidden])", table).map((row) => [...row.cells]);
  const kept = heads.map((head, index) => (acts(head) || draws(body.flatMap((row) => row[index] ?? [])) ? -1 : index)).filter((index) => index >= 0);
  return [heads, ...body].map((row) => kept.map((index) => (row[index] ? text(row[index]) : "")));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-csv]");
  if (!button) return;
  const label = button.dataset.csv;
  const beside = find(":scope > table", button.parentElement);
  const found = beside ? [beside] : findAll(`[role="region"][aria-label="${CSS.escape(label)}"] table`);
  if (found.length) save(`${label.toLowerCase().replace(/\W+/g, "-")}.csv`, csv(found.flatMap(rows)), "text/csv");
});
