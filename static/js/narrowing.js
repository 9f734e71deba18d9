// What narrows a question: labels, days, and whatever a program chose for this conversation.

const DAYS = { dated_from: "from", dated_to: "until" };

export class Narrowing {
  #root = document.getElementById("narrow");
  #chips = document.getElementById("narrowed");
  #labels = [...(this.#root?.querySelectorAll('input[name="label"]') ?? [])];
  #days = [...(this.#root?.querySelectorAll('input[type="date"]') ?? [])];
  #others = {};
  // Labels that no document bears any more: they still narrow, until somebody takes them away.
  #lost = [];

  constructor() {
    if (!this.#root) return;
    const { labels = [], dated_from, dated_to, ...others } = JSON.parse(this.#chips.dataset.told);
    this.#others = others;
    const known = this.#labels.map((box) => box.value.toLowerCase());
    this.#lost = labels.filter((name) => !known.includes(name.toLowerCase()));
    this.#root.addEventListener("change", () => this.#show());
    this.#chips.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.#remove(button.value);
    });
    this.#show();
  }

  // As the API takes them; null where nothing narrows.
  get filters() {
    const found = { ...this.#others };
    const labels = this.#chosen();
    if (labels.length > 0) found.labels = labels;
    for (const day of this.#days) if (day.value) found[day.name] = day.value;
    return Object.keys(found).length > 0 ? found : null;
  }

  #chosen() {
    return [...this.#labels.filter((box) => box.checked).map((box) => box.value), ...this.#lost];
  }

  clear() {
    for (const box of this.#labels) box.checked = false;
    for (const day of this.#days) day.value = "";
    this.#others = {};
    this.#lost = [];
    this.#show();
  }

  #remove(value) {
    const [kind, name] = JSON.parse(value);
    if (kind === "label") {
      for (const box of this.#labels) box.checked &&= box.value !== name;
      this.#lost = this.#lost.filter((label) => label !== name);
    } else if (kind === "day") this.#days.find((day) => day.name === name).value = "";
    else delete this.#others[name];
    this.#show();
    (this.#chips.querySelector("button") ?? this.#root.querySelector("summary")).focus();
  }

  #show() {
    const labels = this.#chosen().map((name) => chipOf("label", name, name));
    const days = this.#days.filter((day) => day.value);
    const others = Object.entries(this.#others);
    this.#chips.replaceChildren(
      ...labels,
      ...days.map((day) => chipOf("day", day.name, `${DAYS[day.name]} ${day.value}`)),
      ...others.map(([name, value]) => chipOf("other", name, value === true ? name : `${name} ${value}`)),
    );
    const count = this.#chips.childElementCount;
    this.#root.querySelector("[data-narrow-label]").textContent = count > 0 ? "Narrowed" : "Narrow";
  }
}

function chipOf(kind, name, text) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.value = JSON.stringify([kind, name]);
  button.setAttribute("aria-label", `Do not narrow to ${text}`);
  const words = document.createElement("span");
  words.className = "truncate";
  words.textContent = text;
  button.append(words, "×");
  item.append(button);
  return item;
}
