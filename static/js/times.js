// Times come from the server in UTC; the reader sees them in their own zone, near ones as a distance.

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
const distance = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });

// Negative ages are of times to come: a clock of the server that is a little ahead is no news.
function nearText(age_s) {
  const [far_s, sign] = [Math.abs(age_s), age_s < 0 ? 1 : -1];
  if (far_s < MINUTE_S) return sign > 0 && far_s > MINUTE_S / 6 ? "in a moment" : "just now";
  if (far_s < HOUR_S) return distance.format(sign * Math.floor(far_s / MINUTE_S), "minute");
  if (far_s < DAY_S) return distance.format(sign * Math.floor(far_s / HOUR_S), "hour");
  return null;
}

export function localiseTimes(root) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const then = new Date(element.dateTime);
    if (Number.isNaN(then.getTime())) continue;
    // A log is read by its clock.
    if (element.dataset.exact !== undefined) element.textContent = exact.format(then);
    else element.textContent = nearText((now - then.getTime()) / 1000) ?? day.format(then);
    element.title = full.format(then);
  }
}
