// A browser for modules under test: what chrome.* answers, in memory.
import { readFile } from "node:fs/promises";
import { ROOT } from "./packed.js";

function area() {
  let kept = {};
  const listeners = [];
  return {
    get: async (keys) => (keys === undefined ? { ...kept } : Object.fromEntries([keys].flat().filter((key) => key in kept).map((key) => [key, kept[key]]))),
    set: async (values) => {
      const copy = structuredClone(values);
      const changes = Object.fromEntries(Object.entries(copy).map(([key, newValue]) => [key, { oldValue: kept[key], newValue }]));
      kept = { ...kept, ...copy };
      for (const listener of listeners) listener(changes);
    },
    remove: async (keys) => {
      for (const key of [keys].flat()) delete kept[key];
    },
    onChanged: { addListener: (listener) => listeners.push(listener) },
  };
}

/** Puts a fresh one in place; `state` says what it has seen, and what it is to answer. */
export function install() {
  const state = { menu: [], opened: [], allowed: [], panels: [], refusesPanel: false };
  globalThis.chrome = {
    runtime: { getURL: (path) => new URL(path, ROOT).href, lastError: null },
    i18n: { getUILanguage: () => "en-GB" },
    storage: { local: area(), session: area() },
    contextMenus: { removeAll: async () => (state.menu = []), create: (item) => state.menu.push(item) },
    sidePanel: {
      open: (where) => {
        state.panels.push(where);
        return state.refusesPanel ? Promise.reject(new Error("no gesture")) : Promise.resolve();
      },
    },
    tabs: { create: async (tab) => state.opened.push(tab) },
    permissions: { contains: async ({ origins }) => origins.every((origin) => state.allowed.includes(origin)) },
  };
  return state;
}

/** fetch() of files of the extension's, which Node does not know; other addresses go to `answer`. */
export function serve(answer = () => new Response("", { status: 404 })) {
  const asked = [];
  globalThis.fetch = async (url, options = {}) => {
    if (String(url).startsWith("file:")) return new Response(await readFile(new URL(url)));
    asked.push({ url: String(url), ...options });
    return answer(String(url), options);
  };
  return asked;
}
