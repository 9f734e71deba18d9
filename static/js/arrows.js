// Arrow keys move through the links of a list marked data-arrows; Home and End go to its ends.

export function startArrows(root) {
  root.addEventListener("keydown", (event) => {
    const list = event.target.closest("[data-arrows]");
    if (!list || !event.target.matches("[data-arrow-stop]")) return;
    const stops = [...list.querySelectorAll("[data-arrow-stop]")];
    const from = stops.indexOf(event.target);
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    stops[Math.min(Math.max(to, 0), stops.length - 1)].focus();
  });
}
