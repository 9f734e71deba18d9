// Copying text, and an answer with its sources.

import { toast } from "./toasts.js";

export async function copyText(text) {
  if (navigator.clipboard) {
    try {
      return await navigator.clipboard.writeText(text);
    } catch {
      // Refused by the browser; the old way below may still work.
    }
  }
  // An intranet address without HTTPS has no clipboard interface.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("The browser does not allow copying.");
}

export function startCopying(thread) {
  thread.addEventListener("click", async (event) => {
    const message = event.target.closest(".message");
    const copiesAnswer = event.target.closest("[data-copy-answer]");
    const copiesLink = event.target.closest("[data-copy-link]");
    if (!copiesAnswer && !copiesLink) return;
    try {
      await copyText(copiesLink ? linkTo(message) : answerText(message));
      toast(copiesLink ? "Link copied. Only you can open it." : "Answer copied with its sources.");
    } catch (error) {
      toast(error.message);
    }
  });
}

function linkTo(message) {
  return `${location.origin}${location.pathname}#${message.id}`;
}

function answerText(message) {
  const body = message.querySelector(".answer-body").cloneNode(true);
  for (const hidden of body.querySelectorAll(".cite .visually-hidden")) hidden.remove();
  for (const cite of body.querySelectorAll(".cite")) cite.textContent = ` [${cite.dataset.cite}]`;
  const blocks = [...body.querySelectorAll("p, h4, pre, li")].map((block) => {
    const words = block.textContent.trim();
    return block.tagName === "LI" ? `- ${words}` : words;
  });
  const sources = [...message.querySelectorAll(".quote-row")].map((row) => {
    const link = row.querySelector(".quote-link").href;
    const quote = row.querySelector("mark").textContent.trim();
    return `[${row.dataset.cite}] ${row.closest(".source").dataset.title}: “${quote}” ${link}`;
  });
  const heading = message.querySelector(".abstained h3")?.textContent;
  const parts = [message.querySelector(".question").textContent, heading, blocks.join("\n"), sources.join("\n")];
  return parts.filter(Boolean).join("\n\n");
}
