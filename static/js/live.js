// What goes on in the collection, as the server tells it: one stream while the page is looked at. Hidden pages
// let go of theirs, as a browser has only six connections to a site over HTTP/1.1.

import { duration } from "./pace.js";

const AGAIN_MS = 1000; // between two refreshes of the table, however much happens
const RETRY_MS = [2000, 5000, 15000, 60000];
const place = document.getElementById("live");
let source = null;
let newest = null;
let failures = 0;
let refreshAt = 0;
let timer = null;

export function startLive() {
  connect();
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : connect()));
  window.addEventListener("pagehide", close);
  // A page that comes back from the browser's cache has lost its stream.
  window.addEventListener("pageshow", connect);
}

function close() {
  source?.close();
  source = null;
}

function connect() {
  if (source || document.hidden) return;
  const opened = new EventSource(document.getElementById("documents").dataset.live);
  source = opened;
  opened.addEventListener("state", (event) => {
    failures = 0;
    show(JSON.parse(event.data));
  });
  opened.addEventListener("error", () => {
    // The browser itself connects again after a broken line, but not after a refusal.
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    close();
    setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    failures += 1;
  });
}

function show(state) {
  if (newest !== null && state.newest !== newest) refresh();
  // Whatever happened while nobody was told is in the first event after it.
  else if (newest === null && state.newest !== 0) refresh();
  newest = state.newest;
  const words = wordsOf(state);
  place.hidden = words === "";
  if (place.textContent !== words) place.textContent = words;
  for (const part of state.working) showProgress(part);
}

function wordsOf({ counts, eta_s }) {
  if (!counts.working) return "";
  // While this page uploads, the server does not know of what is still to come.
  const which = document.getElementById("uploads")?.dataset.uploading ? " for what has arrived" : "";
  const left = eta_s === null ? "" : `, about ${duration(eta_s)} left${which}`;
  const failed = counts.failed > 0 ? `, ${grouped(counts.failed)} failed` : "";
  return `${grouped(counts.ready)} of ${grouped(counts.total)} ready, ${grouped(counts.working)} under way${failed}${left}`;
}

function showProgress({ id, current, maximum }) {
  const row = document.querySelector(`#documents .row[data-document="${Number(id)}"]`);
  if (!row || !maximum) return;
  const bar = row.querySelector("progress");
  if (!bar) {
    refresh(); // it got a bar only now
    return;
  }
  bar.max = maximum;
  bar.value = current;
  const number = bar.parentElement.querySelector(".number");
  if (number) number.textContent = `${grouped(current)} of ${grouped(maximum)}`;
}

const grouped = (number) => number.toLocaleString("en");

// At most once a second: what was asked for in between is asked for once at its end.
function refresh() {
  if (timer !== null) return;
  timer = setTimeout(
    () => {
      timer = null;
      refreshAt = Date.now();
      document.body.dispatchEvent(new CustomEvent("documents-changed"));
    },
    Math.max(0, refreshAt + AGAIN_MS - Date.now()),
  );
}
