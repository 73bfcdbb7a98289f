import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { install, serve } from "./chrome.js";

install();
serve();
const messages = await import("../../extension/messages.js");

const ROOT = new URL("../../extension/", import.meta.url);
const texts = (language) => JSON.parse(readFileSync(new URL(`_locales/${language}/messages.json`, ROOT)));
const page = (language) => JSON.parse(readFileSync(new URL(`../../api/web/locales/${language}.json`, import.meta.url)));
const base = (key) => key.replace(/_(one|few|many|other)$/, "");
const languages = Object.keys(messages.LANGUAGES);

test("there are six languages, and a folder for each", () => {
  assert.deepEqual(readdirSync(new URL("_locales", ROOT)).sort(), [...languages].sort());
});

for (const language of languages) {
  test(`${language} lacks no text, and no value in one`, () => {
    const own = texts(language);
    const english = texts("en");
    assert.deepEqual(new Set(Object.keys(own).map(base)), new Set(Object.keys(english).map(base)));
    const values = (text) => new Set(text.match(/\{\w+\}/g) ?? []);
    for (const [key, { message }] of Object.entries(own)) {
      assert.ok(message.trim(), key);
      const like = english[`${base(key)}_other`] ?? english[key];
      // "One picture" may do without the number.
      if (!key.endsWith("_one")) assert.deepEqual(values(message), values(like.message), key);
    }
  });

  test(`${language} has every plural form that it needs`, () => {
    const own = texts(language);
    const forms = new Intl.PluralRules(language.replace("_", "-")).resolvedOptions().pluralCategories;
    for (const key of new Set(Object.keys(texts("en")).filter((one) => one.endsWith("_other")).map(base))) {
      for (const form of forms) assert.ok(`${key}_${form}` in own, `${key}_${form}`);
    }
  });

  test(`${language} says of lanes, scores and edits what the page says`, () => {
    const own = texts(language);
    const theirs = page(language === "zh_CN" ? "zh" : language);
    for (const [key, { message }] of Object.entries(own)) {
      const [kind, ...rest] = key.split("_");
      if (["score", "edit"].includes(kind)) assert.equal(message, theirs[`${kind}.${rest.join("_")}`], key);
      if (kind === "lane") assert.equal(message, theirs[`result.${rest[0]}`], key);
    }
  });
}

test("every text that the code asks for is there, and none besides", () => {
  const english = texts("en");
  const sources = readdirSync(ROOT, { recursive: true }).filter((path) => /\.(js|json)$/.test(path) && !path.startsWith("_locales"));
  const code = sources.map((path) => readFileSync(new URL(path, ROOT), "utf8")).join("\n");
  const named = new Set([...code.matchAll(/["'](\w+)["']/g)].map(([, key]) => key));
  const manifest = [...code.matchAll(/__MSG_(\w+)__/g)].map(([, key]) => key);
  const composed = [...code.matchAll(/`(\w+_)\$\{/g)].map(([, start]) => start);
  for (const key of new Set(Object.keys(english).map(base))) {
    const isUsed = named.has(key) || manifest.includes(key) || composed.some((start) => key.startsWith(start));
    assert.ok(isUsed, `${key} is used nowhere`);
  }
  for (const [, key] of code.matchAll(/\bt\("(\w+)"/g)) assert.ok(key in english || `${key}_other` in english, key);
});

test("the browser's language is found, else English", () => {
  assert.equal(messages.resolve("", "de-AT"), "de");
  assert.equal(messages.resolve("", "zh-TW"), "zh_CN");
  assert.equal(messages.resolve("", "fr"), "en");
  assert.equal(messages.resolve("ja", "de"), "ja");
});

test("values, plural forms and percentages", async () => {
  await messages.use("ru");
  assert.equal(messages.t("options_pictures", { count: 3 }), "3 картинки в библиотеке.");
  assert.equal(messages.t("options_pictures", { count: 11 }), "11 картинок в библиотеке.");
  await messages.use("en");
  assert.equal(messages.percent(0.9996), ">99%");
  assert.equal(messages.percent(1), "100%");
  assert.equal(messages.percent(0.004), "<1%");
  assert.equal(messages.t("allow_host", { host: "$& example" }), "Let PicTrace read pictures from $& example");
});
