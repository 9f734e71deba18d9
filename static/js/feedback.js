// Thumbs under an answer, and a comment.

import { send } from "./api.js";
import { toast } from "./toasts.js";

export function startFeedback(thread) {
  thread.addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-helpful]");
    if (thumb) judge(thumb);
    if (event.target.closest("[data-comment-close]")) event.target.closest("[data-comment]").hidden = true;
  });
  thread.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-comment]");
    if (!form) return;
    event.preventDefault();
    comment(form);
  });
}

async function save(message, helpful, comment) {
  const url = `/api/v1/messages/${message.dataset.message}/feedback/`;
  await send(url, { json: { helpful, comment } });
}

async function judge(thumb) {
  const message = thumb.closest(".message");
  const form = message.querySelector("[data-comment]");
  const helpful = thumb.dataset.helpful === "true";
  try {
    await save(message, helpful, form.elements.comment.value);
  } catch (error) {
    return toast(error.message);
  }
  for (const other of message.querySelectorAll("[data-helpful]")) {
    other.setAttribute("aria-pressed", String(other === thumb));
  }
  form.hidden = helpful;
  if (helpful) toast("Thank you. Your admins see what helps.");
  else form.elements.comment.focus();
}

async function comment(form) {
  const message = form.closest(".message");
  const pressed = message.querySelector('[data-helpful][aria-pressed="true"]');
  try {
    await save(message, pressed?.dataset.helpful === "true", form.elements.comment.value.trim());
  } catch (error) {
    return toast(error.message);
  }
  form.hidden = true;
  toast("Thank you. Your admins can read your comment.");
}
