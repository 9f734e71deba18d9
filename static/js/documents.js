// The table of documents: selecting, trying again, deleting. The table itself is refreshed by htmx.

import { send } from "./api.js";
import { showProblem } from "./dialogs.js";
import { toast } from "./toasts.js";

const selected = new Set();
const bar = document.getElementById("selection");
const dialog = document.getElementById("delete-documents");
let toDelete = [];

export function startDocuments() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select]")) select([event.target], event.target.checked);
    if (event.target.matches("[data-select-all]")) select(boxes(), event.target.checked);
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (event.target.closest("[data-retry]")) retry([row.dataset.document]);
    if (event.target.closest("[data-delete-document]")) askToDelete([row.dataset.document], row.dataset.title);
  });
  bar.querySelector("[data-selection-clear]").addEventListener("click", clear);
  bar.querySelector("[data-selection-retry]").addEventListener("click", () => retry(retryable()));
  bar.querySelector("[data-selection-delete]").addEventListener("click", () => askToDelete([...selected]));
  dialog.querySelector("[data-delete-confirmed]").addEventListener("click", deleteAll);
  document.body.addEventListener("htmx:afterSettle", show);
}

const boxes = () => document.querySelectorAll("#documents [data-select]");
const idOf = (box) => box.closest(".row").dataset.document;

function select(chosen, isSelected) {
  for (const box of chosen) {
    if (isSelected) selected.add(idOf(box));
    else selected.delete(idOf(box));
  }
  show();
}

function clear() {
  selected.clear();
  show();
}

// After a refresh the boxes are new ones; documents that are gone are no longer selected.
function show() {
  const present = new Map([...boxes()].map((box) => [idOf(box), box]));
  for (const id of selected) if (!present.has(id)) selected.delete(id);
  for (const [id, box] of present) box.checked = selected.has(id);
  const all = document.querySelector("#documents [data-select-all]");
  if (all) {
    all.checked = selected.size > 0 && selected.size === present.size;
    all.indeterminate = selected.size > 0 && selected.size < present.size;
  }
  bar.hidden = selected.size === 0;
  bar.querySelector("[data-selection-text]").textContent = `${selected.size} selected`;
  bar.querySelector("[data-selection-retry]").hidden = retryable().length === 0;
}

function retryable() {
  return [...document.querySelectorAll("#documents .row[data-retryable]")]
    .map((row) => row.dataset.document)
    .filter((id) => selected.has(id));
}

function changed() {
  document.body.dispatchEvent(new CustomEvent("documents-changed"));
}

async function retry(ids) {
  try {
    for (const id of ids) await send(`/api/v1/documents/${id}/retry/`);
    toast(ids.length === 1 ? "Queued again." : `${ids.length} documents are queued again.`);
  } catch (error) {
    toast(error.message);
  }
  changed();
}

function askToDelete(ids, title) {
  toDelete = ids;
  const what = ids.length === 1 ? `“${title ?? titleOf(ids[0])}”` : `${ids.length} documents`;
  dialog.querySelector("[data-delete-title]").textContent = `Delete ${what}?`;
  showProblem(dialog, null);
  dialog.showModal();
}

function titleOf(id) {
  return document.querySelector(`#documents .row[data-document="${Number(id)}"]`)?.dataset.title ?? "this document";
}

async function deleteAll({ currentTarget }) {
  currentTarget.disabled = true;
  try {
    while (toDelete.length > 0) {
      await send(`/api/v1/documents/${toDelete[0]}/`, { method: "DELETE" });
      selected.delete(toDelete.shift());
    }
    dialog.close();
    toast("Deleted. No answer uses it any more.");
  } catch (error) {
    showProblem(dialog, error);
  }
  currentTarget.disabled = false;
  changed();
}
