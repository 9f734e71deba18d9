// Calls to the server with the browser's own session; every refusal becomes a Problem with the server's words.

export class Problem extends Error {
  constructor(message, { status = 0, code = "", reference = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.reference = reference;
  }
}

export const UNREACHABLE = "The server cannot be reached. Check your connection and try again.";

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

export function toSignIn() {
  const next = encodeURIComponent(location.pathname + location.search);
  location.assign(`/accounts/login/?next=${next}`);
}

// The error of a response (or of an upload's response text): {"error": {"code", "message", "reference"}}.
export function problemOf(status, text) {
  try {
    const { message, code, reference } = JSON.parse(text).error;
    return new Problem(message, { status, code, reference });
  } catch {
    return new Problem(plainMessage(status), { status });
  }
}

function plainMessage(status) {
  if (status === 403) return "Your session has changed. Reload the page and try again.";
  if (status === 413) return "This is larger than the server accepts.";
  if (status >= 500) return "Something went wrong on the server. Try again in a moment.";
  return `The server refused this (status ${status}).`;
}

export async function send(url, { method = "POST", json, form, headers = {}, signal, keepalive } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: {
        "X-CSRFToken": csrfToken(),
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: json === undefined ? form : JSON.stringify(json),
      credentials: "same-origin",
      signal,
      keepalive,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(UNREACHABLE);
  }
  if (response.ok) return response;
  if (response.status === 401) toSignIn();
  throw problemOf(response.status, await response.text());
}
