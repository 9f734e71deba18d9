// A person's own settings.

import { copyText } from "./copying.js";
import { toast } from "./toasts.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  try {
    await copyText(document.getElementById(button.dataset.copies).textContent);
    toast("Copied.");
  } catch (error) {
    toast(error.message);
  }
});
