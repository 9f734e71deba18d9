// Documents that look alike: saying that both are meant to be there, and taking it back.

import { send } from "./api.js";
import { toast } from "./toasts.js";

export function startAlike() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pair]");
    if (button) dismiss(button.dataset.pair, button.dataset.dismiss === "true", button);
  });
}

async function dismiss(address, dismissed, button) {
  if (button) button.disabled = true;
  try {
    await send(address, { method: "PATCH", json: { dismissed } });
    await showAnew();
    const words = dismissed ? "Both are kept. The pair is listed again when one of them changes." : "The pair is listed again.";
    toast(words, { action: "Undo", onAction: () => dismiss(address, !dismissed) });
  } catch (error) {
    toast(error.message);
    if (button) button.disabled = false;
  }
}

// Takes the list from the server again; what was open stays open, and the focus stays in the list.
async function showAnew() {
  const shown = document.getElementById("attention");
  const open = [...shown.querySelectorAll("details[open]")].map((part) => part.id);
  const response = await fetch(location.href, { credentials: "same-origin" });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("attention");
  if (!response.ok || !fresh) return location.reload();
  for (const id of open) fresh.querySelector(`#${id}`)?.setAttribute("open", "");
  shown.replaceWith(document.importNode(fresh, true));
  const first = open.map((id) => document.querySelector(`#${id} summary`)).find(Boolean);
  (first ?? document.querySelector("#attention summary"))?.focus();
}
