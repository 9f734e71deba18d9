// Menus are <details data-menu>: one open at a time, closed by Escape, by a click elsewhere, or by choosing.

function close(menu, focusSummary) {
  menu.open = false;
  if (focusSummary) menu.querySelector("summary").focus();
}

export function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      const inside = menu.contains(event.target);
      if (!inside || event.target.closest(".menu-item")) close(menu, false);
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (!menu) return;
    if (event.key === "Escape") {
      event.preventDefault();
      close(menu, true);
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && !event.target.matches('input[type="date"]')) {
      moveFocus(menu, event);
    }
  });
}

function moveFocus(menu, event) {
  const items = [...menu.querySelectorAll(".menu-panel .menu-item, .menu-panel input")];
  if (items.length === 0) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  const from = items.indexOf(document.activeElement);
  const next = from < 0 && step < 0 ? items.length - 1 : from + step;
  items[(next + items.length) % items.length].focus();
}
