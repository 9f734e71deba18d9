// Goes to the quoted words or the page that the address names. The hash alone would not do: the browser jumps
// to #quote before the text has its final height, and #page=3 is nobody's id.

// A long document is shown in parts: the server finds the one with the page. Asked once, or a page that the
// document does not have would be asked for without end.
function otherPart(page) {
  const query = new URLSearchParams(location.search);
  if (!document.querySelector(".pages") || query.get("page") === page) return null;
  location.replace(`?page=${page}#page=${page}`);
  return null;
}

function wanted() {
  const page = location.hash.match(/^#page=(\d+)$/);
  if (page) return document.getElementById(`page-${page[1]}`) ?? otherPart(page[1]);
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
