// Renaming and deleting in the list of conversations.

import { send } from "./api.js";
import { toast } from "./toasts.js";

// Deletions whose "Undo" is still on the screen: the item is hidden, the server not yet told.
const waiting = new Map();

export function startConversationList() {
  const list = document.getElementById("conversations");
  if (!list) return;
  list.addEventListener("click", (event) => {
    const item = event.target.closest(".talk");
    if (event.target.closest("[data-rename]")) startRename(item);
    if (event.target.closest("[data-delete]")) startDelete(item);
  });
  list.addEventListener("htmx:afterSwap", () => {
    for (const id of waiting.keys()) hide(id, true);
    nameThePage(list);
  });
  // Leaving the page ends the time to undo.
  window.addEventListener("pagehide", () => {
    for (const finish of waiting.values()) finish();
  });
}

// Loads the list anew, with this conversation marked as the open one.
export function showConversation(id) {
  const list = document.getElementById("conversations");
  list.dataset.open = id;
  const url = `${list.dataset.url}?open=${encodeURIComponent(id)}`;
  window.htmx.ajax("GET", url, { source: list, target: list, swap: "innerHTML" });
}

// The open conversation's title is the page's: a new one gets it with its first answer.
function nameThePage(list) {
  const open = list.querySelector('.talk-link[aria-current="page"]');
  if (!open) return;
  document.querySelector("h1").textContent = open.textContent;
  document.title = `${open.textContent} · Knowledge base`;
}

function addressOf(item) {
  return `/api/v1/conversations/${item.dataset.conversation}/`;
}

function hide(id, hidden) {
  const item = document.querySelector(`.talk[data-conversation="${id}"]`);
  if (item) item.hidden = hidden;
}

function startRename(item) {
  const link = item.querySelector(".talk-link");
  const input = document.createElement("input");
  input.className = "talk-input";
  input.setAttribute("aria-label", "Title of the conversation");
  input.maxLength = 200;
  input.value = link.textContent;
  item.hidden = false;
  link.hidden = true;
  item.prepend(input);
  input.focus();
  input.select();

  let done = false;
  const finish = async (save) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    input.remove();
    link.hidden = false;
    if (!save || !title || title === link.textContent) return link.focus();
    try {
      await send(addressOf(item), { method: "PATCH", json: { title } });
      link.textContent = title;
      link.title = title;
      nameThePage(item.parentElement);
    } catch (error) {
      toast(error.message);
    }
    link.focus();
  };
  input.addEventListener("blur", () => finish(true));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    finish(event.key === "Enter");
  });
}

function startDelete(item) {
  const id = item.dataset.conversation;
  const isOpen = item.querySelector(".talk-link").getAttribute("aria-current") === "page";
  hide(id, true);
  const finish = async () => {
    if (!waiting.delete(id)) return;
    try {
      await send(addressOf(item), { method: "DELETE", keepalive: true });
      if (isOpen) location.assign("/");
      else showConversation(document.getElementById("conversations").dataset.open);
    } catch (error) {
      hide(id, false);
      toast(error.message);
    }
  };
  waiting.set(id, finish);
  toast("Conversation deleted.", {
    action: "Undo",
    onAction: () => {
      waiting.delete(id);
      hide(id, false);
    },
    onGone: finish,
  });
}
