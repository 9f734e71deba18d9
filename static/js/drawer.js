// The sidebar as a drawer on narrow screens.

export function startDrawer() {
  const opener = document.querySelector("[data-drawer-open]");
  const sidebar = document.getElementById("sidebar");
  if (!opener || !sidebar) return;

  const show = (open) => {
    document.body.classList.toggle("drawer-open", open);
    opener.setAttribute("aria-expanded", String(open));
    if (open) sidebar.querySelector("a, button").focus();
    else if (sidebar.contains(document.activeElement)) opener.focus();
  };
  opener.addEventListener("click", () => show(true));
  document.querySelector("[data-drawer-close]").addEventListener("click", () => show(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !document.body.classList.contains("drawer-open")) return;
    event.preventDefault();
    show(false);
  });
}
