// What this browser remembers of uploads over a reload: names, sizes and times, never the files themselves.

const SAVE_MS = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
// Behind a name, so that a changed file under the same name is sent.
const stampOf = (file) => `${file.size}:${file.lastModified}`;

export class KeptUploads {
  #key;
  #arrived = {};
  #waiting = {};
  #timer = null;

  constructor(collection) {
    this.#key = `uploads:${collection}`;
    const kept = this.#read();
    this.#arrived = kept.arrived;
    this.#waiting = kept.waiting;
    window.addEventListener("pagehide", () => this.#save());
  }

  // Paths that were chosen and did not arrive before the page went away.
  get missing() {
    return Object.keys(this.#waiting);
  }

  get arrived() {
    return Object.keys(this.#arrived).length;
  }

  // Of these files, those that have not arrived in the upload that was interrupted.
  unsent(files) {
    return files.filter(({ file, path }) => this.#arrived[path] !== stampOf(file));
  }

  wait(files) {
    for (const { file, path } of files) this.#waiting[path] = stampOf(file);
    this.#saveSoon();
  }

  // It is in the database, or was refused for good.
  settle({ file, path }, arrived) {
    delete this.#waiting[path];
    if (arrived) this.#arrived[path] = stampOf(file);
    // All of it is through. The same file chosen later is meant to be sent.
    if (this.missing.length === 0) this.#arrived = {};
    this.#saveSoon();
  }

  forget() {
    this.#arrived = {};
    this.#waiting = {};
    this.#save();
  }

  #read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key));
      if (kept && Date.now() - kept.at < DAY_MS) return kept;
    } catch {
      // Unreadable, or the browser keeps nothing: then there is nothing to go on with.
    }
    return { arrived: {}, waiting: {} };
  }

  #saveSoon() {
    this.#timer ??= setTimeout(() => this.#save(), SAVE_MS);
  }

  #save() {
    clearTimeout(this.#timer);
    this.#timer = null;
    try {
      if (this.missing.length === 0) localStorage.removeItem(this.#key);
      else {
        const kept = { at: Date.now(), arrived: this.#arrived, waiting: this.#waiting };
        localStorage.setItem(this.#key, JSON.stringify(kept));
      }
    } catch {
      // Storage is full or switched off: uploading works all the same, only a reload forgets it.
    }
  }
}
