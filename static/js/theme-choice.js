// Light, dark, or as the system has it; kept in this browser.

export function startThemeChoice() {
  const group = document.querySelector("[data-theme-choice]");
  if (!group) return;
  const mark = (chosen) => {
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === chosen));
    }
  };
  mark(document.documentElement.dataset.theme ?? "system");
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = button.value;
    try {
      localStorage.setItem("kb.theme", button.value);
    } catch {
      // The choice then holds for this page only.
    }
    mark(button.value);
  });
}
