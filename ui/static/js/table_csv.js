// Saves a table of the page as CSV: <button data-csv="label"> names the region of the table by its label. Times are saved in full.
import { csv, findAll, save } from "./dom.js";

function text(cell) {
  const time = cell.querySelector("time[datetime]");
  if (time) return time.dateTime;
  const meter = cell.querySelector(".measure .small");
  return (meter ?? cell).textContent.replace(/\s+/g, " ").trim();
}

function rows(table) {
  const kept = [...table.tHead.rows[0].cells].map((cell, index) => [cell, index]).filter(([cell]) => !cell.matches(".choose, .grip") && !cell.querySelector(".sr")).map(([, index]) => index);
  return [...table.rows].map((row) => kept.map((index) => (row.cells[index] ? text(row.cells[index]) : "")));
}

document.addEventListener("click", (event) => {
  const label = event.target.closest("[data-csv]")?.dataset.csv;
  if (!label) return;
  const found = findAll(`[role="region"][aria-label="${CSS.escape(label)}"] table`);
  if (found.length) save(`${label.toLowerCase().replace(/\W+/g, "-")}.csv`, csv(found.flatMap(rows)), "text/csv");
});
