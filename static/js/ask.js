// The ask page: puts the composer, the thread and the stream together.

import { send } from "./api.js";
import { RunningAnswer } from "./answer.js";
import { startArrows } from "./arrows.js";
import { startCitations } from "./citations.js";
import { Composer } from "./composer.js";
import { showConversation } from "./conversations.js";
import { startCopying } from "./copying.js";
import { startFeedback } from "./feedback.js";
import { startOffers } from "./offers.js";
import { Narrowing } from "./narrowing.js";
import { Picker } from "./picker.js";
import { settle, streamAnswer } from "./stream.js";
import { localiseTimes } from "./times.js";
import { toast } from "./toasts.js";

const thread = document.getElementById("thread");
const picker = new Picker(thread.dataset.conversation === "");
const narrowing = new Narrowing();
const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
let running = null;

const composer = new Composer({
  onAsk: (question) => ask(question),
  onStop: () => running?.abort(),
});

async function ask(question, before = null, verified = true) {
  if (running) return;
  document.getElementById("welcome")?.remove();
  before?.remove();
  const answer = new RunningAnswer(question, picker.present ? picker.documents : Number(thread.dataset.documents));
  running = new AbortController();
  composer.text = "";
  composer.busy = true;
  thread.append(answer.article);
  answer.article.scrollIntoView({ block: "start", behavior: stillness.matches ? "instant" : "smooth" });
  try {
    await streamAnswer(answer, { ...requestOf(question), verified }, running.signal);
    remember(answer);
    if (answer.messageId && answer.article.dataset.state !== "failed") await settle(answer);
    localiseTimes(thread);
  } catch (error) {
    remember(answer);
    answer.fail(error);
    if (error.status === 400) composer.text = question;
  } finally {
    running = null;
    composer.busy = false;
    showAskAll();
  }
}

// The verified answer was given to another question: its managers are told, and the documents are asked.
async function notThis(button, question) {
  button.disabled = true;
  try {
    await send(button.dataset.notThis);
    ask(question, null, false);
  } catch (error) {
    button.disabled = false;
    toast(error.message);
  }
}

function requestOf(question) {
  const chosen = picker.chosen;
  const collections = chosen.length > 0 ? chosen : null;
  return { question, collections, filters: narrowing.filters, conversation: thread.dataset.conversation || null };
}

// The first answer gives the conversation its address.
function remember({ conversation }) {
  if (!conversation) return;
  if (!thread.dataset.conversation) {
    thread.dataset.conversation = conversation;
    history.replaceState(null, "", `/c/${conversation}/`);
    composer.placeholder = "Ask a follow-up";
    document.querySelector('.sidebar-nav [aria-current="page"]')?.removeAttribute("aria-current");
  }
  showConversation(conversation);
}

function showAskAll() {
  for (const button of thread.querySelectorAll("[data-ask-all]")) button.hidden = picker.chosen.length === 0;
}

thread.addEventListener("click", (event) => {
  const message = event.target.closest(".message");
  const question = message?.querySelector(".question").textContent;
  const example = event.target.closest("[data-example]");
  if (example) {
    if ("open" in example.dataset) {
      composer.text = example.dataset.example;
      composer.focus();
    } else ask(example.dataset.example);
  } else if (event.target.closest("[data-ask-again]")) {
    ask(question, message.dataset.message ? null : message);
  } else if (event.target.closest("[data-not-this]")) {
    notThis(event.target.closest("[data-not-this]"), question);
  } else if (event.target.closest("[data-rephrase]")) {
    composer.text = question;
    composer.focus();
  } else if (event.target.closest("[data-ask-in]")) {
    picker.add(event.target.closest("[data-ask-in]").dataset.askIn);
    ask(question);
  } else if (event.target.closest("[data-ask-wide]")) {
    narrowing.clear();
    ask(question);
  } else if (event.target.closest("[data-ask-all]")) {
    picker.chooseAll();
    ask(question);
  }
});

startCitations(thread);
startArrows(thread);
startFeedback(thread);
startOffers(thread);
startCopying(thread);
showAskAll();

const [navigation] = performance.getEntriesByType("navigation");
const last = thread.querySelector(".message:last-child");
if (last?.previousElementSibling && navigation?.type === "navigate" && !location.hash) {
  last.scrollIntoView({ block: "start" });
}
if (window.matchMedia("(hover: hover)").matches && !thread.dataset.conversation) composer.focus();
composer.sendIfEntered();
