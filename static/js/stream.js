// Asking: one POST whose response streams the answer; then the server's own rendering takes its place.

import { csrfToken, Problem, problemOf, toSignIn, UNREACHABLE } from "./api.js";
import { readEvents } from "./sse.js";

const ANSWERS = "/api/v1/answers/";
const BROKE_OFF = "The connection broke before the answer was complete.";
// A stopped answer is stored within a second of the stop.
const SETTLE_TRIES = 5;
const SETTLE_WAIT_MS = 500;

// Resolves when the answer is complete or stopped; throws a Problem when it could not be.
export async function streamAnswer(answer, { question, collections, conversation, verified }, signal) {
  try {
    const response = await fetch(ANSWERS, {
      method: "POST",
      headers: {
        Accept: "text/event-stream",
        "Content-Type": "application/json",
        "X-CSRFToken": csrfToken(),
      },
      body: JSON.stringify({ question, collections, conversation, verified, stream: true }),
      credentials: "same-origin",
      signal,
    });
    if (response.status === 401) toSignIn();
    if (!response.ok) throw problemOf(response.status, await response.text());
    await readEvents(response, (event) => answer.handle(event));
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal.aborted) return answer.stop();
    throw new Problem(answer.messageId ? BROKE_OFF : UNREACHABLE);
  }
  if (!answer.finished) throw new Problem(BROKE_OFF);
}

// Replace a finished message by the server's rendering of it. The streamed words stay as they are: they
// are the same, and a reader may have selected some.
export async function settle(answer) {
  for (let tries = 0; tries < SETTLE_TRIES; tries += 1) {
    const fresh = await fetchMessage(answer);
    if (fresh === null) return;
    if (fresh.dataset.state !== "running") {
      if (fresh.dataset.state === "answered") {
        fresh.querySelector(".answer-body").replaceWith(answer.article.querySelector(".answer-body"));
      }
      answer.article.replaceWith(fresh);
      window.htmx.process(fresh);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_WAIT_MS));
  }
}

async function fetchMessage({ conversation, messageId }) {
  try {
    const response = await fetch(`/c/${conversation}/messages/${messageId}/`, { credentials: "same-origin" });
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.querySelector("article.message");
  } catch {
    // What was streamed stays on the page; a reload shows the rest.
    return null;
  }
}
