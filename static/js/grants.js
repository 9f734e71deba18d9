// Who may read a collection.

import { send } from "./api.js";
import { showProblem } from "./dialogs.js";
import { toast } from "./toasts.js";

export function startGrants() {
  const list = document.getElementById("grants");
  const form = document.getElementById("grant-form");
  if (!list || !form) return;
  const reload = () => window.htmx.ajax("GET", list.dataset.url, { source: list, target: list, swap: "innerHTML" });

  list.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-revoke]");
    if (!button) return;
    button.disabled = true;
    try {
      await send(button.dataset.revoke, { method: "DELETE" });
    } catch (error) {
      toast(error.message);
    }
    reload();
  });

  const name = form.querySelector("[data-grant-name]");
  form.elements.subject.addEventListener("change", ({ target }) => {
    const everyone = target.value === "everyone";
    name.hidden = everyone;
    form.elements.name.required = !everyone;
    form.elements.name.placeholder = target.value === "group" ? "Name of the group" : "Name for signing in";
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { subject, role } = form.elements;
    const who = subject.value === "everyone" ? true : form.elements.name.value.trim();
    try {
      await send(form.dataset.url, { json: { [subject.value]: who, role: role.value } });
      form.elements.name.value = "";
      showProblem(form, null);
    } catch (error) {
      showProblem(form, error);
    }
    reload();
  });
}
