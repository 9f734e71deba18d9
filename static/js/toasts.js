// Short notices at the foot of the page.

const SHOWN_MS = 6000;

// Shows a text, optionally with one button. Returns a function that takes the toast away.
export function toast(text, { action, onAction, onGone } = {}) {
  const element = document.createElement("div");
  element.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);

  let gone = false;
  const remove = (acted) => {
    if (gone) return;
    gone = true;
    clearTimeout(timer);
    element.remove();
    if (!acted) onGone?.();
  };
  const timer = setTimeout(() => remove(false), SHOWN_MS);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link-button";
    button.textContent = action;
    button.addEventListener("click", () => {
      remove(true);
      onAction();
    });
    element.append(button);
  }
  const place = document.getElementById("toasts");
  // A new notice takes the place of older ones, unless those can still be acted on.
  for (const other of place.querySelectorAll(".toast:not(:has(button))")) other.remove();
  place.append(element);
  return () => remove(false);
}
