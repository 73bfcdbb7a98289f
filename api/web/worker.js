// The service worker, which keeps the page's own files for when the server is away, and takes what other apps share.

/** Browsers have service workers over https and on localhost only. */
export async function registerWorker() {
  if (!navigator.serviceWorker) return;
  const policy = globalThis.trustedTypes?.createPolicy("pictrace-worker", { createScriptURL: () => "/sw.js" });
  const address = policy ? policy.createScriptURL("") : "/sw.js";
  try {
    await navigator.serviceWorker.register(/** @type {string} */ (address));
  } catch {
    // It may be forbidden by the browser's settings; the page does without.
  }
}
