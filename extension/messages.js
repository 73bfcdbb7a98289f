// Texts in the chosen language, from the same _locales that the browser reads for the manifest.
import * as browser from "./browser.js";

export const LANGUAGES = { en: "English", ru: "Русский", de: "Deutsch", ja: "日本語", ko: "한국어", zh_CN: "简体中文" };

let language = "en";
let texts = {};
let fallback = {};

/** The language to use for a choice ("": the browser's own). */
export function resolve(choice, own = browser.language()) {
  if (Object.hasOwn(LANGUAGES, choice)) return choice;
  const base = own.toLowerCase().split(/[-_]/)[0];
  return base === "zh" ? "zh_CN" : Object.hasOwn(LANGUAGES, base) ? base : "en";
}

export async function use(choice) {
  const load = async (name) => (await fetch(browser.address(`_locales/${name}/messages.json`))).json();
  fallback = await load("en");
  language = resolve(choice);
  texts = language === "en" ? fallback : await load(language);
  if (globalThis.document) document.documentElement.lang = tag();
}

/** BCP 47 */
export const tag = () => (language === "zh_CN" ? "zh-Hans-CN" : language);

/** The text for a key, its {placeholders} filled; with `count` in its plural form. */
export function t(key, values = {}) {
  let found = key;
  if ("count" in values) {
    const form = new Intl.PluralRules(tag()).select(values.count);
    found = [`${key}_${form}`, `${key}_other`].find(has) ?? key;
  }
  const text = (texts[found] ?? fallback[found])?.message ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

export const has = (key) => Object.hasOwn(texts, key) || Object.hasOwn(fallback, key);

export const number = (value) => new Intl.NumberFormat(tag()).format(value);

/** A probability for people; only what is certain is 100 %. */
export function percent(probability) {
  const format = (value) => new Intl.NumberFormat(tag(), { style: "percent" }).format(value);
  if (probability >= 1) return format(1);
  if (probability > 0.99) return `>${format(0.99)}`;
  if (probability < 0.01) return `<${format(0.01)}`;
  return format(probability);
}

export const list = (words) => words.join(["ja", "zh_CN"].includes(language) ? "、" : ", ");

export const when = (time) =>
  new Intl.DateTimeFormat(tag(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
