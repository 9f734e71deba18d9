// Allowing a flagged passage, or holding it back again.

import { send } from "./api.js";
import { toast } from "./toasts.js";

document.getElementById("held")?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-review]");
  if (!button) return;
  button.disabled = true;
  try {
    await send(button.dataset.review, { method: "PATCH", json: { allowed: button.dataset.allow === "true" } });
    location.reload();
  } catch (error) {
    toast(error.message);
    button.disabled = false;
  }
});
