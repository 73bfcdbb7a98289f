// What is kept: settings and the history on the disk, searches in memory. Nothing is kept anywhere else.
import * as browser from "./browser.js";

const DEFAULTS = {
  server: "http://localhost:5000",
  searchKey: "",
  adminKey: "",
  opens: "panel", // or "tab"
  language: "", // the browser's own
  keepsHistory: true,
};
const HISTORY_LENGTH = 20;

export async function settings() {
  const { settings: found } = await browser.stored("local", "settings");
  return { ...DEFAULTS, ...found };
}

export async function changeSettings(changes) {
  await browser.store("local", { settings: { ...(await settings()), ...changes } });
}

export function onSettings(listener) {
  browser.onStored("local", (changes) => {
    if (changes.settings) listener();
  });
}

/** The search of a place (a window's panel, or a tab), or undefined. */
export async function search(place) {
  const key = `search ${place}`;
  return (await browser.stored("session", key))[key];
}

export async function putSearch(place, value) {
  await browser.store("session", { [`search ${place}`]: value });
}

export async function dropSearch(place) {
  await browser.unstore("session", `search ${place}`);
}

export function onSearch(place, listener) {
  browser.onStored("session", (changes) => {
    const change = changes[`search ${place}`];
    if (change) listener(change.newValue);
  });
}

export async function history() {
  return (await browser.stored("local", "history")).history ?? [];
}

/** Newest first; the same question again takes the place of the one before. */
export async function remember(entry) {
  const { keepsHistory } = await settings();
  if (!keepsHistory) return;
  const others = (await history()).filter((one) => (entry.url ? one.url !== entry.url : one.thumbnail !== entry.thumbnail));
  await browser.store("local", { history: [entry, ...others].slice(0, HISTORY_LENGTH) });
}

export async function clearHistory() {
  await browser.unstore("local", "history");
}

export function onHistory(listener) {
  browser.onStored("local", (changes) => {
    if (changes.history) listener();
  });
}
