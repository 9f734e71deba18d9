// What is offered where nothing was answered: the question goes to the people behind the documents.

import { send } from "./api.js";
import { toast } from "./toasts.js";

export function startOffers(thread) {
  thread.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-send-question]");
    if (!form) return;
    event.preventDefault();
    sendQuestion(thread, form);
  });
}

async function sendQuestion(thread, form) {
  const message = form.closest(".message");
  const button = form.querySelector('[type="submit"]');
  const { collection, note } = form.elements;
  button.disabled = true;
  try {
    const json = { collection: Number(collection.value), note: note.value.trim() };
    await send(`/api/v1/messages/${message.dataset.message}/open-question/`, { json });
  } catch (error) {
    button.disabled = false;
    toast(error.message);
    return;
  }
  const url = `/c/${thread.dataset.conversation}/messages/${message.dataset.message}/`;
  await window.htmx.ajax("GET", url, { source: message, target: message, swap: "outerHTML" });
  toast("Sent. You will see here what becomes of it.");
}
