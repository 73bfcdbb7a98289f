// A window for modules that make elements, and a server that answers them. Files of the project are read from the disk.
import { readFile } from "node:fs/promises";
import { Window } from "happy-dom";

const NAMES = [
  "document",
  "location",
  "history",
  "localStorage",
  "sessionStorage",
  "Node",
  "Element",
  "HTMLElement",
  "Event",
  "KeyboardEvent",
  "MouseEvent",
  "FormData",
  "File",
  "Blob",
  "addEventListener",
  "removeEventListener",
  "matchMedia",
];

const later = globalThis.setTimeout;

/** Puts a fresh window in place, with a main part as the page has one. What waits in it holds no test up at its end. */
export function openWindow() {
  globalThis.setTimeout = /** @type {any} */ ((...how) => later(...how).unref());
  const window = new Window({ url: "http://localhost:5000/" });
  for (const name of NAMES) {
    const value = window[name];
    const isMethod = typeof value === "function" && /^[a-z]/.test(name);
    globalThis[name] = isMethod ? value.bind(window) : value;
  }
  Object.defineProperty(globalThis, "navigator", { configurable: true, writable: true, value: { languages: ["en"], clipboard: null } });
  document.body.innerHTML = '<main id="main" tabindex="-1"></main>'; // eslint-disable-line no-restricted-properties
  return window;
}

/**
 * A server in place of fetch(): `answer(path, options)` gives a Response, an object that becomes JSON, or throws. What was
 * asked is listed; `json` and `form` are the bodies.
 * @param {(path: string, options: any) => any} answer
 */
export function serve(answer) {
  const asked = [];
  globalThis.fetch = async (url, options = {}) => {
    if (String(url).startsWith("file:")) return new Response(await readFile(new URL(url)));
    const { method = "GET", headers = {}, body, signal } = options;
    const isText = typeof body === "string";
    asked.push({ path: String(url), method, headers, signal, json: isText ? JSON.parse(body) : undefined, form: isText ? undefined : body });
    const said = await answer(String(url), asked.at(-1));
    return said instanceof Response ? said : Response.json(said);
  };
  return asked;
}

/** An error as the server tells it. */
export function problem(status, code, { detail = `The server says ${code}.`, wait = null } = {}) {
  return Response.json({ code, detail, status }, { status, headers: wait === null ? {} : { "Retry-After": String(wait) } });
}

/** What `GET /v1/server` says. */
export function about(more = {}) {
  return {
    name: "PicTrace",
    version: "1",
    access: "none",
    pictures: 6,
    search_key_required: false,
    limits: { max_bytes: 1000, max_pixels: 1e6 },
    samples: { offered: false, present: false, queries: [], removable: false },
    ...more,
  };
}

/** A match of the server's. */
export function matched(more = {}, evidence = {}) {
  return {
    id: 7,
    name: "coffee.png",
    title: null,
    tags: [],
    lane: "same",
    grade: "certainly_same",
    score: 0.98,
    p_same: 0.98,
    weak: false,
    page_url: null,
    source_url: null,
    links: { file: "/v1/images/7/file", thumbnail: "/v1/images/7/thumbnail", page: "/?image=7", preview: "/v1/images/7/preview" },
    ...more,
    evidence: { exact: false, keypoints: 31, edits: [], outline: null, ssim: 0.9, cosine: 0.8, phash_distance: 4, differs: [], ...evidence },
  };
}

/** Until what is under way has come to rest. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * The button that says this.
 * @param {string} label
 * @param {any} around
 */
export function buttonOf(label, around = document) {
  return [...around.querySelectorAll("button")].find((one) => one.textContent === label);
}
