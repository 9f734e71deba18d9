// The health of each part, asked again every few seconds while the page is looked at.

import { startDialogs } from "./dialogs.js";

const EVERY_MS = 5000;
const WORDS = { ok: "Working", loading: "Starting", failed: "Cannot work", down: "Not running", unknown: "Not known" };
const NAMES = { database: "Database", redis: "Redis", search: "Search", llm: "Language model", workers: "Workers", web: "Site" };
const place = document.getElementById("parts");
const model = document.getElementById("part").content.firstElementChild;

function detailOf({ status, detail, ...facts }) {
  const known = Object.entries(facts)
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`);
  return [detail, ...known].filter(Boolean).join(" · ");
}

function show(parts) {
  const list = document.createElement("ul");
  list.className = "parts";
  for (const [name, part] of Object.entries(parts)) {
    const item = model.cloneNode(true);
    item.classList.add(`part-${part.status}`);
    item.querySelector(".part-name").textContent = NAMES[name] ?? name;
    item.querySelector(".part-state").textContent = WORDS[part.status] ?? part.status;
    item.querySelector(".part-detail").textContent = detailOf(part);
    list.append(item);
  }
  // Unchanged, it stays: a screen reader would read it out again.
  if (list.outerHTML !== place.firstElementChild?.outerHTML) place.replaceChildren(list);
}

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch(place.dataset.url, { credentials: "same-origin" });
    show((await response.json()).parts);
  } catch {
    show({ web: { status: "down", detail: "The server does not answer." } });
  }
}

startDialogs();
look();
setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
