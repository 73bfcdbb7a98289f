// Texts in the reader's language: the shared ones beside this file, and the page's or the extension's own.
import { LANGUAGES } from "./languages.js";

const SHARED = new URL("./texts/", import.meta.url);

let language = "en";
/** @type {Record<string, string>} */
let texts = {};
/** @type {Record<string, string>} */
let fallback = {};

/**
 * The first of these tags (`de-AT`, `zh_CN`; empty ones count for nothing) that there is a language for, else English.
 * @param {(string | null | undefined)[]} tags
 */
export function closest(tags) {
  const bases = tags.map((tag) => (tag ?? "").toLowerCase().split(/[-_]/)[0]);
  return bases.find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";
}

/**
 * Load a language; `own` is the address of the folder where the page's or the extension's own texts are.
 * @param {string} tag
 * @param {URL} own
 */
export async function load(tag, own) {
  const file = async (folder, name) => (await fetch(new URL(`${name}.json`, folder))).json();
  const both = async (name) => Object.assign({}, ...(await Promise.all([file(SHARED, name), file(own, name)])));
  const isFirst = !Object.keys(fallback).length;
  const [english, chosen] = await Promise.all([isFirst ? both("en") : fallback, tag === "en" ? null : both(tag)]);
  fallback = english;
  adopt(tag, chosen ?? english);
}

/**
 * Take up the texts of a language, which are there already.
 * @param {string} tag
 * @param {Record<string, string>} given
 */
export function adopt(tag, given) {
  texts = given;
  language = tag;
  if (globalThis.document) document.documentElement.lang = tag === "zh" ? "zh-Hans" : tag;
}

export function current() {
  return language;
}

/**
 * The text for a key, its {placeholders} filled; with `count` in its plural form.
 * @param {string} key
 * @param {Record<string, string | number>} values
 */
export function t(key, values = {}) {
  let found = key;
  if ("count" in values) {
    const form = new Intl.PluralRules(language).select(Number(values.count));
    found = [`${key}.${form}`, `${key}.other`].find(has) ?? key;
  }
  const text = texts[found] ?? fallback[found] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

/** @param {string} key */
export function has(key) {
  return Object.hasOwn(texts, key) || Object.hasOwn(fallback, key);
}

/** @param {number} value */
export function number(value) {
  return new Intl.NumberFormat(language).format(value);
}

/**
 * A probability for people; only what is certain is 100 %.
 * @param {number} probability
 */
export function percent(probability) {
  const format = (value) => new Intl.NumberFormat(language, { style: "percent" }).format(value);
  if (probability >= 1) return format(1);
  if (probability > 0.99) return `>${format(0.99)}`;
  if (probability < 0.01) return `<${format(0.01)}`;
  return format(probability);
}

/**
 * A day and a time.
 * @param {string | number} time
 */
export function date(time) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

/** @param {string[]} words */
export function list(words) {
  return words.join(["ja", "zh"].includes(language) ? "、" : ", ");
}
