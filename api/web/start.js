// What cannot wait for the other modules, so that it imports none: the key, the first question to the server, and the
// browser's offer to install the page.
const STORED = "pictrace.key";

export function key() {
  return sessionStorage.getItem(STORED) ?? localStorage.getItem(STORED);
}

/** Keep a key, on this device with `remember`, or else in this window; without one, forget it. */
export function keepKey(given, { remember = false } = {}) {
  sessionStorage.removeItem(STORED);
  localStorage.removeItem(STORED);
  if (given) (remember ? localStorage : sessionStorage).setItem(STORED, given);
  begun.server = null; // it was asked with another key
}

/** @returns {Record<string, string>} */
export function authorization() {
  return key() ? { Authorization: `Bearer ${key()}` } : {};
}

/** What is under way before anybody asks: the answer of `GET /v1/server`, and the browser's offer. */
export const begun = { server: null, offer: null };

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault(); // it is made in the dialog about the key
  begun.offer = event;
});

// Where the server has made the page, it is asked at once; not with a key that the address changes.
if (document.getElementById("texts") && !location.hash.startsWith("#key=")) {
  begun.server = fetch("/v1/server", { headers: authorization(), priority: "high" });
  begun.server.catch(() => {}); // whoever takes it up is told
}
