// Asks the server. Every failure is an ApiError with the server's stable code.
import { has, t } from "./i18n.js";

const STORED = "pictrace.key";

export class ApiError extends Error {
  constructor(code, detail, { status = 0, retryAfter = null } = {}) {
    super(detail);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

let whenRefused = () => {};

/** Do this when a key that was good is refused: another window may have signed out, the server may have a new one. */
export function onRefusal(listener) {
  whenRefused = listener;
}

/** What `GET /v1/server` said last. */
export let server = null;

export function key() {
  return sessionStorage.getItem(STORED) ?? localStorage.getItem(STORED);
}

export function isAdmin() {
  return server?.access === "admin";
}

/** Take up a key; without one, forget it. */
export async function signIn(given, { remember = false } = {}) {
  sessionStorage.removeItem(STORED);
  localStorage.removeItem(STORED);
  if (given) (remember ? localStorage : sessionStorage).setItem(STORED, given);
  await refresh();
}

export async function refresh() {
  try {
    server = await ask("/v1/server");
  } catch (error) {
    if (error.code !== "wrong_key") throw error;
    sessionStorage.removeItem(STORED);
    localStorage.removeItem(STORED);
    server = await ask("/v1/server");
    throw error;
  }
  return server;
}

/** JSON from the server. `json` or `form` is sent along. */
export async function ask(path, options = {}) {
  const response = await send(path, options);
  return response.json();
}

/** A picture from the server. */
export async function askBlob(path, options = {}) {
  return (await send(path, options)).blob();
}

/** The same as an object URL. */
export async function askPicture(path, options = {}) {
  return URL.createObjectURL(await askBlob(path, options));
}

async function send(path, { method, json, form, signal } = {}) {
  const headers = authorization();
  let body = form;
  if (json) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  }
  let response;
  try {
    response = await fetch(path, { method: method ?? (body ? "POST" : "GET"), headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("offline", t("app.offline"));
  }
  if (response.status === 401 && key() && path !== "/v1/server") whenRefused();
  if (!response.ok) throw await problem(response.status, response.headers.get("Retry-After"), await response.text());
  return response;
}

/** Upload with progress, which fetch does not tell. Resolves to the server's JSON. */
export function upload(path, form, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else {
        if (request.status === 401 && key()) whenRefused();
        problem(request.status, request.getResponseHeader("Retry-After"), request.responseText).then(reject);
      }
    });
    request.addEventListener("error", () => reject(new ApiError("offline", t("app.offline"))));
    request.send(form);
  });
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
  if (error.code === "offline") return t("app.offline");
  const base = `error.${error.code}`;
  const values = {
    limit: Math.floor((server?.limits.max_bytes ?? 0) / 1048576),
    megapixels: Math.floor((server?.limits.max_pixels ?? 0) / 1e6),
  };
  if (error.retryAfter !== null && has(`${base}.other`)) return t(base, { ...values, count: error.retryAfter });
  if (error.code === "invalid_request") return `${t(base)} (${error.message})`;
  if (has(base)) return t(base, values);
  return error.code ? error.message || t("error.server") : t("error.server");
}

function authorization() {
  return key() ? { Authorization: `Bearer ${key()}` } : {};
}

async function problem(status, retryAfter, text) {
  const wait = retryAfter ? Number(retryAfter) : null;
  try {
    const { code, detail } = JSON.parse(text);
    return new ApiError(status >= 500 && !has(`error.${code}`) && !wait ? "server" : code, detail, {
      status,
      retryAfter: wait,
    });
  } catch {
    return new ApiError("server", t("error.server"), { status, retryAfter: wait });
  }
}
