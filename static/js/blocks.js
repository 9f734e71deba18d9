// Sentences become paragraphs, lists and headings: the same grouping as kb/chat/blocks.py.
// tests/web/blocks.json holds cases that both must render to the same markup.

const ELEMENT = { p: "p", h: "h4", code: "pre", li: "ul", row: "rows" };
const LISTS = new Set(["ul", "rows"]);

function makeElement(kind) {
  if (kind !== "rows") return document.createElement(kind);
  const list = document.createElement("ul");
  list.className = "rows";
  return list;
}

export class BlockWriter {
  #body;
  #kind = "";
  #block = null;
  #part = null;

  constructor(body) {
    this.#body = body;
  }

  clear() {
    this.#body.replaceChildren();
    this.#kind = "";
    this.#block = this.#part = null;
  }

  // `html` is the sentence as the server rendered and sanitised it.
  append({ html, block, starts_block: startsBlock }) {
    const kind = ELEMENT[block] ?? "p";
    const isList = LISTS.has(kind);
    if (kind !== this.#kind || (startsBlock && !isList)) this.#open(kind);
    else if (startsBlock) this.#openItem();
    const separator = this.#part.hasChildNodes() ? (kind === "pre" ? "\n" : " ") : "";
    this.#part.insertAdjacentHTML("beforeend", separator + html);
    return this.#part.lastElementChild;
  }

  #open(kind) {
    this.#kind = kind;
    this.#block = makeElement(kind);
    this.#part = this.#block;
    this.#body.append(this.#block);
    if (LISTS.has(kind)) this.#openItem();
  }

  #openItem() {
    this.#part = document.createElement("li");
    this.#block.append(this.#part);
  }
}
