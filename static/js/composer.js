// The field for the question: it grows, counts near its limit, and sends with Enter.

const COUNT_FROM = 0.8;

export class Composer {
  #form = document.getElementById("composer");
  #text = document.getElementById("question");
  #counter = document.getElementById("counter");
  #send = document.getElementById("send");
  #stop = document.getElementById("stop");
  #limit = Number(this.#form.dataset.limit);
  #busy = false;

  constructor({ onAsk, onStop }) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#mayAsk()) onAsk(this.#text.value.trim());
    });
    this.#stop.addEventListener("click", onStop);
    this.#text.addEventListener("input", () => this.#refresh());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented) return;
      if (event.key === "Escape" && this.#busy) onStop();
      if (event.key === "/" && !isTyping(event)) {
        event.preventDefault();
        this.focus();
      }
    });
    this.#refresh();
  }

  get text() {
    return this.#text.value;
  }

  set text(value) {
    this.#text.value = value;
    this.#refresh();
  }

  set placeholder(words) {
    this.#text.placeholder = words;
  }

  // Enter, pressed while the scripts were still on their way, left a new line behind: it is honoured now.
  sendIfEntered() {
    if (this.#text.value.endsWith("\n")) this.#form.requestSubmit();
  }

  focus() {
    this.#text.focus();
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
  }

  set busy(busy) {
    this.#busy = busy;
    const hadFocus = this.#stop === document.activeElement;
    this.#send.hidden = busy;
    this.#stop.hidden = !busy;
    if (hadFocus && !busy) this.#text.focus();
    this.#refresh();
  }

  #mayAsk() {
    const length = this.#text.value.trim().length;
    return !this.#busy && !this.#text.disabled && length > 0 && length <= this.#limit;
  }

  #refresh() {
    this.#text.style.setProperty("height", "auto");
    this.#text.style.setProperty("height", `${this.#text.scrollHeight}px`);
    const length = this.#text.value.trim().length;
    const left = this.#limit - length;
    this.#counter.hidden = length < this.#limit * COUNT_FROM;
    this.#counter.textContent = left < 0 ? `${-left} too many` : `${left} left`;
    this.#counter.classList.toggle("counter-over", left < 0);
    this.#send.disabled = !this.#mayAsk();
  }
}

function isTyping({ target, ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey || target.closest("input, textarea, select, [contenteditable]") !== null;
}
