// The page's language: chosen from the browser, switchable, remembered; and what only the page says in numbers.
import { adopt, closest, load, number } from "./shared/i18n.js";

const OWN = new URL("./locales/", import.meta.url);
const STORED = "pictrace.language";
const YEAR_S = 365 * 24 * 3600;

/** The stored choice, or else the first of the browser's languages that there is. */
export function preferred() {
  return closest([localStorage.getItem(STORED), ...navigator.languages]);
}

/** Take up a language; with `remember` it is the choice from now on, which the server is told by a cookie. */
export async function use(tag, { remember = false } = {}) {
  const given = cameAlong(tag);
  if (given) adopt(tag, given);
  else await load(tag, OWN);
  if (remember) localStorage.setItem(STORED, tag);
  if (localStorage.getItem(STORED) === tag) document.cookie = `${STORED}=${tag}; Path=/; Max-Age=${YEAR_S}; SameSite=Strict`;
}

/** The language whose texts the server has put into the page, so that they need not be fetched. */
export function ofThePage() {
  return document.getElementById("texts")?.getAttribute("lang") ?? "en";
}

function cameAlong(tag) {
  const given = document.getElementById("texts");
  return given?.getAttribute("lang") === tag ? JSON.parse(given.textContent) : null;
}

/** In kB or MB. */
export function fileSize(bytes) {
  return bytes < 1e6 ? `${number(Math.max(1, Math.round(bytes / 1e3)))}\u00a0kB` : `${number(Math.round(bytes / 1e5) / 10)}\u00a0MB`;
}
