// The page's language: chosen from the browser, switchable, remembered; and what only the page says in numbers.
import { closest, load, number } from "./shared/i18n.js";

const OWN = new URL("./locales/", import.meta.url);
const STORED = "pictrace.language";

/** The stored choice, or else the first of the browser's languages that there is. */
export function preferred() {
  return closest([localStorage.getItem(STORED), ...navigator.languages]);
}

/** Load a language; with `remember` it is the choice from now on. */
export async function use(tag, { remember = false } = {}) {
  await load(tag, OWN);
  if (remember) localStorage.setItem(STORED, tag);
}

/** In kB or MB. */
export function fileSize(bytes) {
  return bytes < 1e6 ? `${number(Math.max(1, Math.round(bytes / 1e3)))}\u00a0kB` : `${number(Math.round(bytes / 1e5) / 10)}\u00a0MB`;
}
