// The page's language: chosen from the browser, switchable, remembered; and what only the page says in numbers.
import { adopt, closest, current, has, load, number, t } from "./shared/i18n.js";

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

/**
 * A day (`2026-11-27`, or null where it is not known) as a heading.
 * @param {string | null} day
 * @param {Date} now
 */
export function dayName(day, now = new Date()) {
  if (day === null) return t("library.undated");
  const midnight = (back) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).toLocaleDateString("sv"); // as ISO
  if (day === midnight(0)) return t("library.today");
  if (day === midnight(1)) return t("library.yesterday");
  const format = new Intl.DateTimeFormat(current(), { dateStyle: "full", timeZone: "UTC" });
  return format.format(new Date(`${day}T00:00:00Z`));
}

/**
 * Who did something, by the name that the server's records have.
 * @param {string} actor
 */
export function actorName(actor) {
  const kind = actor.split(":")[0];
  return has(`actor.${kind}`) ? t(`actor.${kind}`) : actor;
}

/**
 * A day without the time.
 * @param {string} time
 */
export function dateOnly(time) {
  return new Intl.DateTimeFormat(current(), { dateStyle: "medium" }).format(new Date(time));
}
