// Runs before the first paint (a classic script in the head), so that a chosen theme never flashes.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("kb.theme");
  } catch {
    // Storage may be forbidden; the system's choice holds.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
