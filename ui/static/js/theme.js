// Runs before the first paint (a classic script in the head): the reader's theme and rail, so that nothing flashes.
(() => {
  const root = document.documentElement;
  const theme = localStorage.getItem("trackyard.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (localStorage.getItem("trackyard.rail") === "icons") root.dataset.rail = "icons";
})();
