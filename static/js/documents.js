// The table of documents: selecting, and what can be done to one, to the selected, and to all of a state.

import { send } from "./api.js";
import { showProblem } from "./dialogs.js";
import { toast } from "./toasts.js";

const selected = new Set();
const bar = document.getElementById("selection");
const dialog = document.getElementById("confirm-action");
const url = document.getElementById("uploads").dataset.url + "bulk/";
const ARCHIVE_DELETED = "Only the archive itself is removed, and what of it was not unpacked yet stays out. The documents that came from it stay.";
// What each action asks before it begins, of one document and of several (nothing, where it takes nothing
// away), and says when it is done.
const ACTIONS = {
  retry: { done: (n) => (n === 1 ? "Queued again." : `${n} documents are queued again.`) },
  cancel: {
    one: "The work on it stops. If it was there before in an older version, it keeps that one. You can try again later.",
    many: "The work on what waits or is being read stops. Documents that were there before in an older version keep that one. You can try again later.",
    verb: "Cancel",
    button: "Stop",
    done: (n) => (n === 1 ? "Cancelled." : `${n} documents are cancelled.`),
  },
  reprocess: {
    one: "It is parsed and indexed anew from its stored file. Until it is ready again, a moment later, no answer uses it.",
    many: "They are parsed and indexed anew from their stored files. Until each is ready again, no answer uses it.",
    verb: "Read again:",
    button: "Read again",
    done: (n) => (n === 1 ? "Queued again." : `${n} documents are queued again.`),
  },
  delete: {
    one: "From now on no answer uses or cites it, and earlier answers that quoted it are emptied. Its file and its older versions are removed. This cannot be undone.",
    many: "From now on no answer uses or cites them, and earlier answers that quoted them are emptied. Their files and their older versions are removed. This cannot be undone.",
    verb: "Delete",
    button: "Delete",
    done: (n) => (n === 1 ? "Deleted. No answer uses it any more." : `${n} documents are deleted. No answer uses them any more.`),
  },
};
let wanted = null;

export function startDocuments() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select]")) select([event.target], event.target.checked);
    if (event.target.matches("[data-select-all]")) select(boxes(), event.target.checked);
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (event.target.closest("[data-retry]")) startRows("retry", [row]);
    if (event.target.closest("[data-cancel]")) startRows("cancel", [row]);
    if (event.target.closest("[data-delete-document]")) startRows("delete", [row]);
    const all = event.target.closest("[data-all]");
    if (all) start(all.dataset.all, { state: all.dataset.state }, { number: Number(all.dataset.number) });
  });
  bar.querySelector("[data-selection-clear]").addEventListener("click", clear);
  for (const [action, rows] of Object.entries(WHERE)) {
    const button = bar.querySelector(`[data-selection-${action}]`);
    button.addEventListener("click", () => startRows(action, able(rows)));
  }
  dialog.querySelector("[data-action-confirmed]").addEventListener("click", confirmed);
  document.body.addEventListener("htmx:afterSettle", show);
}

// The same bytes under several names are one document, which goes with all of them.
function alsoNamed(rows) {
  const names = rows.map((row) => row.dataset.also).filter(Boolean).join(", ");
  if (!names) return "";
  if (rows.length === 1) return `The same file was also added as ${names}, and goes with it. `;
  return `Some of these files were also added under other names, which go with them: ${names}. `;
}

// The rows to which an action can be done.
const WHERE = {
  retry: "[data-retryable]",
  cancel: "[data-pending]",
  reprocess: "[data-ready], [data-retryable]",
  delete: ".row",
};
const boxes = () => document.querySelectorAll("#documents [data-select]");
const idOf = (box) => box.closest(".row").dataset.document;

function able(rows) {
  return [...document.querySelectorAll("#documents .row")].filter(
    (row) => row.matches(rows) && selected.has(row.dataset.document),
  );
}

function startRows(action, rows) {
  const title = rows.length === 1 ? rows[0].dataset.title : "";
  let instead = "";
  if (action === "delete" && rows.length === 1 && rows[0].matches("[data-archive]")) instead = ARCHIVE_DELETED;
  const also = action === "delete" ? alsoNamed(rows) : "";
  start(action, { documents: rows.map((row) => Number(row.dataset.document)) }, { number: rows.length, title, also, instead });
}

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
  for (const [action, rows] of Object.entries(WHERE)) {
    bar.querySelector(`[data-selection-${action}]`).hidden = able(rows).length === 0;
  }
}

function start(action, which, { number, title = "", also = "", instead = "" }) {
  wanted = { action, which };
  const { verb, button, one, many } = ACTIONS[action];
  const ask = instead || (number === 1 ? one : many);
  if (!ask) {
    perform().catch((error) => toast(error.message));
    return;
  }
  const what = title ? `“${title}”` : number === 1 ? "this document" : `${number.toLocaleString("en")} documents`;
  dialog.querySelector("[data-action-title]").textContent = `${verb} ${what}?`;
  dialog.querySelector("[data-action-text]").textContent = also + ask;
  dialog.querySelector("[data-action-confirmed]").textContent = button;
  showProblem(dialog, null);
  dialog.showModal();
}

async function confirmed({ currentTarget }) {
  currentTarget.disabled = true;
  try {
    await perform();
    dialog.close();
  } catch (error) {
    showProblem(dialog, error);
  }
  currentTarget.disabled = false;
}

async function perform() {
  const { action, which } = wanted;
  try {
    const response = await send(url, { json: { action, ...which } });
    const { done, skipped } = await response.json();
    for (const id of done) if (action === "delete") selected.delete(String(id));
    const left = skipped > 0 ? ` ${skipped} had changed meanwhile and were left alone.` : "";
    toast((done.length > 0 ? ACTIONS[action].done(done.length) : "Nothing was done.") + left);
  } finally {
    document.body.dispatchEvent(new CustomEvent("documents-changed"));
  }
}
