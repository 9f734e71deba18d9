// text/event-stream over fetch: EventSource can neither POST nor send a CSRF token.

// Feed it pieces of text cut anywhere; it calls back for each complete event.
export class EventParser {
  #buffer = "";
  #onEvent;
  #event = { id: "", name: "message", data: [] };

  constructor(onEvent) {
    this.#onEvent = onEvent;
  }

  feed(text) {
    this.#buffer += text;
    // A lone \r at the end may be the first half of \r\n: it waits for the next piece.
    const lines = this.#buffer.split(/\r\n|\n|\r(?!$)/);
    this.#buffer = lines.pop();
    for (const line of lines) this.#take(line);
  }

  #take(line) {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event.name = value;
    else if (field === "data") this.#event.data.push(value);
    else if (field === "id") this.#event.id = value;
  }

  #dispatch() {
    const { id, name, data } = this.#event;
    this.#event = { id: "", name: "message", data: [] };
    if (data.length > 0) this.#onEvent({ id, name, data: JSON.parse(data.join("\n")) });
  }
}

// Reads a response to its end; an event's handler runs before the next piece is read.
export async function readEvents(response, onEvent) {
  const parser = new EventParser(onEvent);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(value);
  }
}
