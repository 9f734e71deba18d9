// How long the rest will take, from the pace of the latest that are through.

const RATED = 50;
// With fewer the first slow one decides.
const ENOUGH = 5;

export class Pace {
  #ends = [];

  // One more is through.
  note(now = Date.now()) {
    this.#ends.push(now);
    if (this.#ends.length > RATED) this.#ends.shift();
  }

  // What was before an interruption says nothing about the pace after it.
  forget() {
    this.#ends = [];
  }

  // Seconds until so many more are through; null while the pace is not known.
  secondsFor(number, now = Date.now()) {
    const known = this.#ends.length;
    if (known < ENOUGH || number === 0) return null;
    return ((now - this.#ends[0]) / 1000 / (known - 1)) * number;
  }
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
