// Links that change the page without leaving it: `a[data-stay]` sets the address and reads the live regions again.
import { refresh } from "./live.js";

async function go(href) {
  history.pushState(null, "", href);
  await refresh().catch(() => location.assign(href));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-stay]");
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  const href = link?.getAttribute("href");
  if (!href || !plain) return;
  event.preventDefault();
  go(href);
});
addEventListener("popstate", () => { refresh().catch(() => location.reload()); });
document.addEventListener("keydown", (event) => {
  const close = event.key === "Escape" && !document.querySelector("dialog[open], :popover-open") && document.querySelector(".panel:not([hidden]) > header a[data-stay]");
  if (close) close.click();
});
