// One answer while it streams: every event changes one part of the message's article.

import { BlockWriter } from "./blocks.js";
import { rememberCitation } from "./citations.js";
import { Draft } from "./draft.js";

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export class RunningAnswer {
  #article;
  #blocks;
  #draft;
  #unproved = false;

  constructor(question, documents) {
    this.#article = document.getElementById("pending-message").content.firstElementChild.cloneNode(true);
    this.#find(".question").textContent = question;
    this.#find(".question").classList.toggle("question-long", question.length > 200);
    this.#blocks = new BlockWriter(this.#find(".answer-body"));
    this.#draft = new Draft(this.#find(".draft"));
    this.messageId = null;
    this.conversation = null;
    this.finished = false;
    this.status(`Searching ${plural(documents, "document")} …`);
  }

  get article() {
    return this.#article;
  }

  get question() {
    return this.#find(".question").textContent;
  }

  #find(selector) {
    return this.#article.querySelector(selector);
  }

  status(text) {
    this.#find(".status").hidden = text === "";
    this.#find("[data-status]").textContent = text;
  }

  handle({ name, data }) {
    const handler = this[`on_${name}`];
    // A name that this page does not know comes from a newer server; it is not needed to show the answer.
    handler?.call(this, data);
  }

  on_queued({ position }) {
    this.status(position > 0 ? `Waiting: ${position} before you` : "Your turn …");
  }

  on_retrieval({ conversation, message_id: messageId, standalone_question: standalone, passages }) {
    this.conversation = conversation;
    this.messageId = messageId;
    this.#article.id = `m-${messageId}`;
    this.#article.dataset.message = messageId;
    if (standalone && standalone !== this.question) {
      this.#find(".searched-for").hidden = false;
      this.#find(".searched-for span").textContent = standalone;
    }
    this.status(passages.length > 0 ? `Reading ${plural(passages.length, "passage")} …` : "Nothing found");
    this.#showPassages(passages);
  }

  #showPassages(passages) {
    const section = this.#find(".reading");
    section.hidden = passages.length === 0;
    section.querySelector("h3").textContent = "Passages found";
    const model = document.getElementById("pending-passage").content.firstElementChild;
    const items = passages.map((passage) => {
      const item = model.cloneNode(true);
      item.querySelector("a").href = passage.url;
      item.querySelector(".passage-title").textContent = passage.document.title;
      item.querySelector(".where").textContent = whereOf(passage);
      return item;
    });
    section.querySelector("ol").replaceChildren(...items);
  }

  on_delta({ text }) {
    if (text.trim()) this.status("Writing …");
    this.#draft.add(text);
  }

  on_sentence(sentence) {
    // Of the draft nothing could be proved: the sources' own words replace it.
    if (sentence.quoted && this.#unproved) this.#startOver();
    if (!sentence.supported) this.#unproved = true;
    this.#draft.settle();
    const element = this.#blocks.append(sentence);
    for (const citation of sentence.citations) {
            for (const link of element.querySelectorAll(`[data-cite="${Number(citation.n)}"]`)) {
        rememberCitation(link, { title: citation.document.title, where: whereOf(citation), quote: citation.quote });
      }
    }
  }

  #startOver() {
    this.#blocks.clear();
    this.#unproved = false;
  }

  on_abstained({ reason, message, nearest }) {
    this.#startOver();
    this.#draft.clear();
    const heading = document.createElement("h3");
    heading.className = "abstained-heading";
    heading.textContent = message;
    if (reason === "blocked") heading.className = "note";
    this.#find("[data-note]").replaceChildren(heading);
    this.status("");
    this.#showPassages(nearest);
    this.#find(".reading h3").textContent = "Nearest passages";
  }

  on_done({ id, conversation }) {
    this.finished = true;
    this.messageId = id;
    this.conversation = conversation;
    this.#draft.clear();
    this.status("");
  }

  on_error({ message, reference }) {
    this.finished = true;
    this.fail({ message, reference });
  }

  fail({ message, reference }) {
    this.#draft.clear();
    this.status("");
    this.#article.dataset.state = "failed";
    const problem = document.getElementById("problem").content.firstElementChild.cloneNode(true);
    problem.querySelector("[data-problem-text]").textContent = message;
    if (reference) {
      problem.querySelector(".problem-reference").hidden = false;
      problem.querySelector("code").textContent = reference;
    }
    this.#find("[data-note]").replaceChildren(problem);
    this.#find(".reading").hidden = true;
  }

  stop() {
    this.finished = true;
    this.#draft.clear();
    this.status("");
    this.#article.dataset.state = "stopped";
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = "Stopped. What you see is what had been written.";
    this.#find("[data-note]").replaceChildren(note);
    this.#find(".reading").hidden = true;
  }
}

function whereOf({ document: { title }, heading_path: path = [], page, page_start: pageStart }) {
  const number = page ?? pageStart;
  const headings = path[0] === title ? path.slice(1) : path;
  return [headings.join(" › "), number ? `page ${number}` : ""].filter(Boolean).join(" · ");
}
