// Which collections are searched. None chosen means all.

const KEY = "kb.collections";

export class Picker {
  #root = document.getElementById("picker");
  #chips = document.getElementById("picked");
  #boxes = [...(this.#root?.querySelectorAll("input") ?? [])];

  // `fresh`: a new conversation starts with what was chosen last in this browser.
  constructor(fresh) {
    if (!this.#root) return;
    if (fresh) this.#recall();
    this.#root.addEventListener("change", () => this.#changed());
    this.#chips.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.#remove(button);
    });
    this.#show();
  }

  get chosen() {
    return this.#boxes.filter((box) => box.checked).map((box) => Number(box.value));
  }

  get documents() {
    const among = this.chosen.length > 0 ? this.#boxes.filter((box) => box.checked) : this.#boxes;
    return among.reduce((sum, box) => sum + Number(box.dataset.documents), 0);
  }

  get present() {
    return this.#boxes.length > 0;
  }

  chooseAll() {
    for (const box of this.#boxes) box.checked = false;
    this.#changed();
  }

  // Ask in this collection as well.
  add(collection) {
    for (const box of this.#boxes) box.checked ||= box.value === collection;
    this.#changed();
  }

  #remove(button) {
    const box = this.#boxes.find(({ value }) => value === button.value);
    box.checked = false;
    this.#changed();
    (this.#chips.querySelector("button") ?? this.#root.querySelector("summary")).focus();
  }

  #changed() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.chosen));
    } catch {
      // The choice then holds for this page only.
    }
    this.#show();
  }

  #recall() {
    try {
      const known = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      for (const box of this.#boxes) box.checked = known.includes(Number(box.value));
    } catch {
      // What is kept there is not ours; all collections it is.
    }
  }

  #show() {
    const chosen = this.#boxes.filter((box) => box.checked);
    const label = this.#root.querySelector("[data-picker-label]");
    label.textContent = chosen.length === 0 ? "All collections" : "Collections";
    this.#chips.replaceChildren(...chosen.map(chipOf));
  }
}

function chipOf(box) {
  const name = box.closest("label").querySelector(".truncate").textContent;
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.value = box.value;
  button.setAttribute("aria-label", `Do not search only in ${name}`);
  const words = document.createElement("span");
  words.className = "truncate";
  words.textContent = name;
  button.append(words, "×");
  item.append(button);
  return item;
}
