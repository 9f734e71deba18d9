// The details of a document, written by a manager.

import { send } from "./api.js";
import { showProblem, startDialogs } from "./dialogs.js";

startDialogs();

const form = document.getElementById("details-form");

// Only what changed: what is sent holds over what the file says, from then on.
function changes() {
  const changed = [...form.elements].filter((field) => field.name && field.value !== field.defaultValue);
  return Object.fromEntries(changed.map((field) => [field.name, valueOf(field)]));
}

function valueOf({ name, type, value }) {
  if (name === "labels") return value.split(",").map((label) => label.trim()).filter(Boolean);
  return type === "date" ? value || null : value.trim();
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector('[type="submit"]');
  button.disabled = true;
  try {
    await send(form.dataset.url, { method: "PATCH", json: changes() });
    location.reload();
  } catch (error) {
    showProblem(form, error);
    button.disabled = false;
  }
});
