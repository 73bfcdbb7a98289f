// Asks the server. Every failure is a Problem with the server's stable code.
import { has } from "./shared/i18n.js";
import { Problem, sentence as sentenceOf } from "./shared/problem.js";
import { authorization, begun, keepKey, key } from "./start.js";

export { key };

let whenRefused = () => {};

/** Do this when a key that was good is refused: another window may have signed out, the server may have a new one. */
export function onRefusal(listener) {
  whenRefused = listener;
}

let whenAsked = () => {};

/** Do this whenever the server has said anew what the key allows. */
export function onAccess(listener) {
  whenAsked = listener;
}

/** What `GET /v1/server` said last. */
export let server = null;

export function isAdmin() {
  return server?.access === "admin";
}

/** Take up a key; without one, forget it. */
export async function signIn(given, { remember = false } = {}) {
  keepKey(given, { remember });
  await refresh();
}

export async function refresh() {
  try {
    server = await ask("/v1/server");
  } catch (error) {
    if (error.code !== "wrong_key") throw error;
    keepKey(null);
    server = await ask("/v1/server");
    throw error;
  } finally {
    whenAsked();
  }
  return server;
}

/**
 * What is asked: `json` or `form` is sent along.
 * @typedef {{ method?: string, json?: object, form?: FormData, signal?: AbortSignal }} Options
 */

/**
 * JSON from the server.
 * @param {string} path
 * @param {Options} options
 */
export async function ask(path, options = {}) {
  const response = await send(path, options);
  return response.json();
}

/**
 * A picture from the server.
 * @param {string} path
 * @param {Options} options
 */
export async function askBlob(path, options = {}) {
  return (await send(path, options)).blob();
}

/** The same as an address that the page can show. */
async function askPicture(path, options = {}) {
  return URL.createObjectURL(await askBlob(path, options));
}

/**
 * @param {string} path
 * @param {Options} options
 */
async function send(path, { method, json, form, signal }) {
  const headers = authorization();
  if (json) headers["Content-Type"] = "application/json";
  const body = json ? JSON.stringify(json) : form;
  const asked = path === "/v1/server" ? begun.server : null;
  begun.server = asked ? null : begun.server;
  let response;
  try {
    response = await (asked ?? fetch(path, { method: method ?? (body ? "POST" : "GET"), headers, body, signal }));
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("offline");
  }
  if (response.status === 401 && key() && path !== "/v1/server") whenRefused();
  if (!response.ok) throw problemOf(response.status, response.headers.get("Retry-After"), await response.text());
  return response;
}

/**
 * Upload with progress, which fetch does not tell. Resolves to the server's JSON.
 * @param {string} path
 * @param {FormData} form
 * @param {(share: number) => void} progress
 * @param {AbortSignal} [signal]
 */
export async function upload(path, form, progress, signal) {
  return JSON.parse(await post(path, form, { progress, signal }));
}

/** The same where the server answers a line of JSON at a time: `line` is called with each as it comes. */
export async function uploadLines(path, form, { progress, line, signal }) {
  let at = 0;
  const read = (text) => {
    for (let end = text.indexOf("\n", at); end >= 0; end = text.indexOf("\n", at)) {
      line(JSON.parse(text.slice(at, end)));
      at = end + 1;
    }
  };
  read(await post(path, form, { progress, read, signal }));
}

/**
 * Resolves to the answer's text; `read` is called with what there is of it.
 * @param {string} path
 * @param {FormData} form
 * @param {{ progress: (share: number) => void, read?: (text: string) => void, signal?: AbortSignal }} how
 * @returns {Promise<string>}
 */
function post(path, form, { progress, read, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    const isGood = () => request.status >= 200 && request.status < 300;
    request.addEventListener("progress", () => isGood() && read?.(request.responseText));
    request.addEventListener("load", () => {
      if (isGood()) resolve(request.responseText);
      else {
        if (request.status === 401 && key()) whenRefused();
        reject(problemOf(request.status, request.getResponseHeader("Retry-After"), request.responseText));
      }
    });
    request.addEventListener("error", () => reject(new Problem("offline")));
    request.addEventListener("abort", () => reject(new DOMException("Stopped.", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Where an <img> finds a picture: at its path, or with a key in memory, which `release` frees. */
export async function address(path, options = {}) {
  if (!key()) return { url: path, release() {} };
  const url = await askPicture(path, options);
  return { url, release: () => URL.revokeObjectURL(url) };
}

/** An <img> may not carry a key: with one, the picture is fetched and shown from memory. */
export function show(image, path) {
  if (!key()) {
    image.src = path;
    return;
  }
  image.loading = "eager"; // it is fetched already
  askPicture(path).then(
    (url) => {
      const drop = () => URL.revokeObjectURL(url);
      if (!image.isConnected) {
        drop();
        return;
      }
      image.addEventListener("load", drop, { once: true });
      image.addEventListener("error", drop, { once: true });
      image.src = url;
    },
    () => image.dispatchEvent(new Event("error")),
  );
}

/** For a link to a picture's file: with a key the plain link would be refused, so it is opened from memory. */
export function opening(path) {
  if (!key()) return {};
  return {
    click: async (event) => {
      event.preventDefault();
      window.open(await askPicture(path), "_blank", "noopener");
    },
  };
}

/** What went wrong, in the reader's language. */
export function sentence(error) {
  return sentenceOf(error, server?.limits);
}

function problemOf(status, wait, text) {
  const how = { status, retryAfter: wait ? Number(wait) : null };
  try {
    const { code, detail } = JSON.parse(text);
    return new Problem(status >= 500 && !has(`error.${code}`) && !wait ? "server" : code, { ...how, detail });
  } catch {
    return new Problem("server", how); // a proxy's error page
  }
}
