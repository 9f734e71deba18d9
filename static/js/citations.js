// A citation's number shows the quoted words when the pointer or the focus is on it; a click opens the document.

const HIDE_MS = 180;
// What the stream told about citations whose source card is not on the page yet.
const streamed = new WeakMap();

export function rememberCitation(link, citation) {
  streamed.set(link, citation);
}

export function startCitations(thread) {
  const popover = document.getElementById("cite-popover");
  let timer = 0;
  let shownFor = null;

  const hide = () => {
    clearTimeout(timer);
    popover.hidden = true;
    shownFor?.removeAttribute("aria-describedby");
    shownFor = null;
  };
  const hideSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, HIDE_MS);
  };
  const show = (link) => {
    clearTimeout(timer);
    if (shownFor === link) return;
    const citation = fromCard(link) ?? streamed.get(link);
    if (!citation) return;
    hide();
    shownFor = link;
    fill(popover, citation, link.href);
    popover.hidden = false;
    place(popover, link);
    link.setAttribute("aria-describedby", popover.id);
  };

  const over = (event) => {
    const link = event.target.closest(".cite");
    if (link) show(link);
  };
  thread.addEventListener("pointerover", over);
  thread.addEventListener("focusin", over);
  thread.addEventListener("pointerout", (event) => event.target.closest(".cite") && hideSoon());
  thread.addEventListener("focusout", (event) => event.target.closest(".cite") && hideSoon());
  popover.addEventListener("pointerenter", () => clearTimeout(timer));
  popover.addEventListener("pointerleave", hideSoon);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || popover.hidden) return;
    event.preventDefault();
    hide();
  });
}

function fromCard(link) {
  const row = link.closest(".message").querySelector(`.quote-row[data-cite="${Number(link.dataset.cite)}"]`);
  if (!row) return null;
  return {
    title: row.closest(".source").dataset.title,
    where: row.querySelector(".where")?.textContent ?? "",
    excerpt: row.querySelector(".quote"),
  };
}

function fill(popover, { title, where, quote, excerpt }, url) {
  const heading = document.createElement("a");
  heading.className = "cite-popover-title";
  heading.href = url;
  heading.textContent = title;
  const place = document.createElement("p");
  place.className = "where";
  place.textContent = where;
  const words = excerpt ? excerpt.cloneNode(true) : document.createElement("span");
  words.className = "quote";
  if (!excerpt) {
    const mark = document.createElement("mark");
    mark.textContent = quote;
    words.append(mark);
  }
  popover.replaceChildren(heading, place, words);
}

function place(popover, link) {
  const margin = 12;
  const at = link.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const left = Math.min(Math.max(margin, at.left - 24), document.documentElement.clientWidth - size.width - margin);
  const fitsAbove = at.top - size.height - 8 > margin;
  const top = fitsAbove ? at.top - size.height - 8 : at.bottom + 8;
  popover.style.setProperty("left", `${left + window.scrollX}px`);
  popover.style.setProperty("top", `${top + window.scrollY}px`);
}
