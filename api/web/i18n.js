// Texts in the reader's language: one JSON file a language, chosen from the browser, switchable.

export const LANGUAGES = {
  en: "English",
  ru: "Русский",
  de: "Deutsch",
  ja: "日本語",
  ko: "한국어",
  zh: "简体中文",
};
const STORED = "pictrace.language";

let language = "en";
let texts = {};
let fallback = {};

/** The stored choice, or else the first of the browser's languages that there is. */
export function preferred() {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages].filter(Boolean);
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";
}

/** Load a language; with `remember` it is the choice from now on. */
export async function use(tag, { remember = false } = {}) {
  const load = async (name) => (await fetch(`/locales/${name}.json`)).json();
  if (!Object.keys(fallback).length) fallback = await load("en");
  texts = tag === "en" ? fallback : await load(tag);
  language = tag;
  if (remember) localStorage.setItem(STORED, tag);
  document.documentElement.lang = tag === "zh" ? "zh-Hans" : tag;
}

export function current() {
  return language;
}

/** The text for a key, its {placeholders} filled; with `count` in its plural form. */
export function t(key, values = {}) {
  let found = key;
  if ("count" in values) {
    const form = new Intl.PluralRules(language).select(values.count);
    found = [`${key}.${form}`, `${key}.other`, key].find((one) => has(one)) ?? key;
  }
  const text = texts[found] ?? fallback[found] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

export function has(key) {
  return Object.hasOwn(texts, key) || Object.hasOwn(fallback, key);
}

export function number(value) {
  return new Intl.NumberFormat(language).format(value);
}

/** In kB or MB. */
export function fileSize(bytes) {
  return bytes < 1e6 ? `${number(Math.max(1, Math.round(bytes / 1e3)))}\u00a0kB` : `${number(Math.round(bytes / 1e5) / 10)}\u00a0MB`;
}

/** A probability for people; only what is certain is 100 %. */
export function percent(probability) {
  const format = (value) => new Intl.NumberFormat(language, { style: "percent" }).format(value);
  if (probability >= 1) return format(1);
  if (probability > 0.99) return `>${format(0.99)}`;
  if (probability < 0.01) return `<${format(0.01)}`;
  return format(probability);
}

export function date(text) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));
}

export function list(words) {
  return words.join(["ja", "zh"].includes(language) ? "、" : ", ");
}
