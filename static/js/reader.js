// Goes to the quoted words or the page that the address names. The hash alone would not do: the browser jumps
// to #quote before the text has its final height, and #page=3 is nobody's id.

function wanted() {
  const page = location.hash.match(/^#page=(\d+)$/);
  if (page) return document.getElementById(`page-${page[1]}`);
  return document.querySelector(".prose mark");
}

function go() {
  const target = wanted();
  if (!target) return;
  const isQuote = target.matches("mark");
  target.scrollIntoView({ block: isQuote ? "center" : "start", behavior: "instant" });
  if (isQuote) {
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  } else {
    target.classList.add("is-wanted");
  }
}

window.addEventListener("hashchange", go);
// Back and forward keep the place where the reader was.
const [navigation] = performance.getEntriesByType("navigation");
if (navigation?.type === "navigate") go();
