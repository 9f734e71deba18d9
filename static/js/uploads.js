// The uploads of this page: three at a time, each with its progress, failures with the server's words. While the
// server cannot be reached (a closed laptop, a restart) they wait and go on by themselves.

import { csrfToken, Problem, problemOf, toSignIn, UNREACHABLE } from "./api.js";
import { hideInterrupted, showInterrupted } from "./interrupted.js";
import { KeptUploads } from "./kept_uploads.js";
import { duration, Pace } from "./pace.js";

const AT_ONCE = 3;
const WAIT_MS = [2000, 5000, 15000, 30000];
// With one of these a file waits; after signing in (401) it is among what did not arrive.
const BUSY = new Set([0, 401, 429, 502, 503, 504]);
const MEGABYTE = 1024 * 1024;

export class Uploads {
  #root = document.getElementById("uploads");
  #list = this.#root.querySelector("[data-uploads-list]");
  #words = this.#root.querySelector("[data-uploads-text]");
  #bar = this.#root.querySelector("[data-uploads-bar]");
  #close = this.#root.querySelector("[data-uploads-close]");
  #model = document.getElementById("upload-row").content.firstElementChild;
  #waiting = [];
  #running = 0;
  #total = 0;
  #sent = 0;
  #known = 0;
  #failed = 0;
  #pauses = 0;
  #pause = null;
  #pace = new Pace();
  #kept;

  constructor() {
    this.#kept = new KeptUploads(document.getElementById("collection").dataset.collection);
    showInterrupted(this.#kept);
    window.addEventListener("online", () => this.#goOn());
    this.#close.addEventListener("click", () => this.#reset());
    window.addEventListener("beforeunload", (event) => {
      if (this.#running + this.#waiting.length > 0) event.preventDefault();
    });
  }

  add(files) {
    if (files.length === 0) return;
    // What was refused stays on the page until it is closed or tried again.
    if (this.#running + this.#waiting.length + this.#failed === 0) this.#reset();
    const unsent = this.#kept.unsent(files);
    this.#total += files.length;
    this.#sent += files.length - unsent.length;
    this.#known += files.length - unsent.length;
    this.#kept.wait(unsent);
    hideInterrupted();
    this.#waiting.push(...unsent);
    this.#root.hidden = false;
    this.#next();
  }

  #reset() {
    this.#root.hidden = true;
    this.#list.replaceChildren();
    this.#total = this.#sent = this.#known = this.#failed = 0;
  }

  #next() {
    while (this.#pause === null && this.#running < AT_ONCE && this.#waiting.length > 0) this.#start(this.#waiting.shift());
    this.#summarise();
  }

  async #start(item) {
    this.#running += 1;
    const row = this.#row(item);
    try {
      const outcome = await this.#send(item, row.querySelector("progress"));
      if (outcome.duplicate_of || outcome.created === false) this.#known += 1;
      this.#sent += 1;
      this.#pauses = 0;
      this.#pace.note();
      this.#kept.settle(item, true);
      row.remove();
    } catch (error) {
      if (BUSY.has(error.status)) this.#waitWith(row, item);
      else {
        this.#failed += 1;
        this.#kept.settle(item, false);
        this.#showFailure(row, item, error);
      }
    }
    this.#running -= 1;
    document.body.dispatchEvent(new CustomEvent("documents-changed"));
    this.#next();
  }

  #waitWith(row, item) {
    row.remove();
    this.#waiting.unshift(item);
    if (this.#pause !== null) return;
    const wait_ms = WAIT_MS[Math.min(this.#pauses, WAIT_MS.length - 1)];
    this.#pauses += 1;
    this.#pace.forget();
    this.#pause = setTimeout(() => this.#goOn(), wait_ms);
  }

  #goOn() {
    clearTimeout(this.#pause);
    this.#pause = null;
    this.#next();
  }

  #row({ path }) {
    const row = this.#model.cloneNode(true);
    row.querySelector(".upload-name").textContent = path;
    row.querySelector("progress").setAttribute("aria-label", path);
    this.#list.append(row);
    return row;
  }

  #showFailure(row, item, error) {
    row.classList.add("upload-failed");
    row.querySelector("progress").hidden = true;
    row.querySelector(".upload-words").textContent = error.message;
    const again = row.querySelector("[data-upload-again]");
    again.hidden = false;
    again.addEventListener("click", () => {
      row.remove();
      this.#failed -= 1;
      this.#total -= 1;
      this.add([item]);
    });
  }

  #send({ file, path }, progress) {
    const mostMb = Number(this.#root.dataset.mostMb);
    if (file.size > mostMb * MEGABYTE) {
      return Promise.reject(new Problem(`The file is larger than ${mostMb} MB.`, { status: 413 }));
    }
    const form = new FormData();
    form.set("external_id", path);
    form.set("metadata", JSON.stringify({ file_modified: new Date(file.lastModified).toISOString() }));
    form.set("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", this.#root.dataset.url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      progress.value = total > 0 ? loaded / total : 0;
    });
    return new Promise((resolve, reject) => {
      request.addEventListener("load", () => {
        if (request.status === 401) toSignIn();
        if (request.status === 202) resolve(JSON.parse(request.responseText));
        else reject(problemOf(request.status, request.responseText));
      });
      request.addEventListener("error", () => reject(new Problem(UNREACHABLE)));
      request.send(form);
    });
  }

  #summarise() {
    const done = this.#sent + this.#failed;
    const finished = done === this.#total;
    const parts = [`${this.#sent} of ${this.#total} uploaded`];
    if (this.#known > 0) parts.push(`${this.#known} of them known already`);
    if (this.#failed > 0) parts.push(`${this.#failed} refused`);
    const left_s = this.#pace.secondsFor(this.#running + this.#waiting.length);
    if (this.#pause !== null) parts.push("the server cannot be reached, trying again soon");
    else if (left_s !== null) parts.push(`about ${duration(left_s)} left`);
    this.#words.textContent = parts.join(", ");
    this.#bar.value = this.#total > 0 ? done / this.#total : 0;
    this.#bar.hidden = finished;
    if (finished) delete this.#root.dataset.uploading;
    else this.#root.dataset.uploading = "yes";
    this.#close.hidden = !finished;
  }
}
