// The model's words that are not judged yet: shown muted, as text, until their sentence comes.

const SENTENCE_END = /[.!?…:][)"'”’\]]*\s|\n/g;
const MARKS = /\[\d*\]?|[*_`#|]+/g;

export class Draft {
  #element;
  #text = "";

  constructor(element) {
    this.#element = element;
  }

  add(text) {
    this.#text += text;
    this.#show();
  }

  // A sentence was judged: what the model wrote up to the last complete sentence is on the page now.
  settle() {
    let end = 0;
    for (const match of this.#text.matchAll(SENTENCE_END)) end = match.index + match[0].length;
    this.#text = end > 0 ? this.#text.slice(end) : "";
    this.#show();
  }

  clear() {
    this.#text = "";
    this.#show();
  }

  #show() {
    this.#element.textContent = this.#text.replace(MARKS, "").trimStart();
  }
}
