// Dialogs: opened by [data-opens=id], closed by [data-closes] or Escape; forms with data-send call the API.

import { send } from "./api.js";

export function showProblem(container, error) {
  const place = container.querySelector("[data-problem]");
  place.hidden = !error;
  place.textContent = error ? error.message + (error.reference ? ` (reference ${error.reference})` : "") : "";
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const dialog = event.target.closest("dialog");
    if (opener) {
      dialog?.close();
      document.getElementById(opener.dataset.opens).showModal();
    } else if (event.target.closest("[data-closes]") || event.target === dialog) {
      dialog.close();
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-send]");
    if (!form) return;
    event.preventDefault();
    submit(form);
  });
  document.addEventListener("input", (event) => {
    const { mustEqual } = event.target.dataset;
    if (mustEqual === undefined) return;
    event.target.form.querySelector('[type="submit"]').disabled = event.target.value.trim() !== mustEqual;
  });
}

async function submit(form) {
  const button = form.querySelector('[type="submit"]');
  const method = form.dataset.method ?? "POST";
  button.disabled = true;
  try {
    const json = method === "DELETE" ? undefined : Object.fromEntries(new FormData(form));
    const response = await send(form.dataset.send, { method, json });
    const made = response.status === 204 ? {} : await response.json();
    location.assign(form.dataset.then.replace("{id}", made.id));
  } catch (error) {
    showProblem(form, error);
    button.disabled = false;
  }
}
