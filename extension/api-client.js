// Asks the user's own PicTrace server, and no other. Every failure is a Problem with a stable code.
import { Problem } from "./shared/problem.js";

const TIMEOUT_MS = 90_000;
export const SHOWN = 5;
export const MOST_SHOWN = 50;

/** `http://host:port` or with a path, without a slash at its end; throws a Problem where it is no such address. */
export function normalised(address) {
  const given = address.trim();
  let url;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`);
  } catch {
    throw new Problem("bad_address");
  }
  if (!["http:", "https:"].includes(url.protocol) || url.username || url.password) throw new Problem("bad_address");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** The host permission that an address needs. Ports cannot be told apart there. */
export function originsOf(address) {
  const { protocol, hostname } = new URL(address);
  return [`${protocol}//${hostname}/*`];
}

/** Whether an address is of this very computer. */
export function isHere(address) {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(address).hostname);
}

/** Whether what goes there can be read on its way. */
export function isUnencrypted(address) {
  return new URL(address).protocol === "http:" && !isHere(address);
}

export class Server {
  /** `key` opens searching where the server asks for one; the admin key opens everything. */
  constructor(address, key = "") {
    this.address = address;
    this.key = key;
  }

  static of({ server, searchKey, adminKey }) {
    return new Server(server, adminKey || searchKey);
  }

  /** Version, limits, and what the key allows. */
  async about(options = {}) {
    const found = await this.#json("/v1/server", options);
    if (found?.name !== "PicTrace") throw this.#another();
    return found;
  }

  /** The matches of `{url}` or `{blob, name}`. */
  search(sent, { weak = false, limit = SHOWN, ...options } = {}) {
    return this.#json("/v1/search", { ...body(sent, { limit, weak, preview: true }), ...options });
  }

  /** A picture of the library's. */
  image(id, options = {}) {
    return this.#json(`/v1/images/${id}`, options);
  }

  /** The pictures of the library that belong to one of it: near-duplicates and others, with their scores. */
  related(id, options = {}) {
    return this.#json(`/v1/images/${id}/related`, options);
  }

  /** The picture that shows why, as a blob. */
  async why(id, sent, options = {}) {
    const response = await this.#ask(`/v1/images/${id}/why`, { ...body(sent, { words: false }), ...options });
    return response.blob();
  }

  /** Add `{url}` or `{blob, name}`; `about` may hold title, tags, page_url and source_url. */
  add(sent, about, options = {}) {
    const given = Object.fromEntries(Object.entries(about).filter(([, value]) => value && value.length !== 0));
    return this.#json("/v1/images", { ...body(sent, given), ...options });
  }

  undo(operation, options = {}) {
    return this.#json(`/v1/operations/${operation}/undo`, { method: "POST", ...options });
  }

  /** A thumbnail or another file of the server's, by the path that it gave. */
  async file(path, options = {}) {
    return (await this.#ask(path, options)).blob();
  }

  /** The address of one of the server's own pages. */
  page(path) {
    return this.address + path;
  }

  async #json(path, options) {
    const response = await this.#ask(path, options);
    try {
      return await response.json();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw this.#another();
    }
  }

  #another(how = {}) {
    return new Problem("not_pictrace", { ...how, values: { address: this.address } });
  }

  /**
   * @param {string} path
   * @param {{ method?: string, json?: object, form?: FormData, signal?: AbortSignal }} options
   */
  async #ask(path, { method, json, form, signal }) {
    /** @type {Record<string, string>} */
    const headers = this.key ? { Authorization: `Bearer ${this.key}` } : {};
    if (json) headers["Content-Type"] = "application/json";
    const late = AbortSignal.timeout(TIMEOUT_MS);
    let response;
    try {
      response = await fetch(this.address + path, {
        method: method ?? (json || form ? "POST" : "GET"),
        headers,
        body: json ? JSON.stringify(json) : form,
        signal: signal ? AbortSignal.any([signal, late]) : late,
        credentials: "omit",
        referrerPolicy: "no-referrer",
        redirect: "error", // a server that sends us on would get the key
        cache: "no-store",
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      if (error.name === "TimeoutError") throw new Problem("too_slow");
      throw new Problem(globalThis.navigator?.onLine === false ? "offline" : "unreachable");
    }
    if (!response.ok) throw await this.#problemOf(response);
    return response;
  }

  async #problemOf(response) {
    const wait = Number(response.headers.get("Retry-After"));
    const how = { status: response.status, retryAfter: wait > 0 ? wait : null };
    try {
      const { code, detail } = await response.json();
      if (code) return new Problem(code, { ...how, detail });
    } catch {
      // Not one of ours: a proxy's error page, or another program.
    }
    if (response.status === 429) return new Problem("rate_limited", how);
    if (response.status >= 500) return new Problem("server", how);
    return this.#another(how);
  }
}

/** URL as JSON, bytes as a form. */
function body({ url, blob, name }, fields) {
  if (url) return { json: { url, ...fields } };
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  form.append("file", blob, name || "picture");
  return { form };
}
