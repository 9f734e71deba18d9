// The notice of an upload that a reload or a closed browser interrupted: what arrived, what did not.

const MOST_NAMES = 200;
const place = document.getElementById("interrupted");

export function showInterrupted(kept) {
  const { missing, arrived } = kept;
  place.hidden = missing.length === 0;
  if (place.hidden) return;
  const all = missing.length + arrived;
  place.querySelector("[data-interrupted-text]").textContent =
    `An upload was interrupted: ${arrived} of ${all} files arrived, ${missing.length} did not.`;
  const names = missing.slice(0, MOST_NAMES);
  if (missing.length > MOST_NAMES) names.push(`and ${missing.length - MOST_NAMES} more`);
  const list = place.querySelector("[data-interrupted-list]");
  list.replaceChildren(
    ...names.map((name) => {
      const item = document.createElement("li");
      item.textContent = name;
      return item;
    }),
  );
  place.querySelector("[data-interrupted-close]").onclick = () => {
    kept.forget();
    place.hidden = true;
  };
}

export function hideInterrupted() {
  place.hidden = true;
}
