import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { install, serve } from "./chrome.js";
import { load, ROOT } from "./packed.js";

install();
serve();
const messages = await load("messages.js");
const { t } = await load("shared/i18n.js");

const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const base = (key) => key.replace(/\.(one|few|many|other)$/, "");

test("every text that the code asks for is there, and none of its own besides", () => {
  const own = Object.keys(JSON.parse(read("locales/en.json"))).map(base);
  const all = new Set([...own, ...Object.keys(JSON.parse(read("shared/texts/en.json"))).map(base)]);
  const paths = readdirSync(ROOT, { recursive: true }).map(String);
  const code = paths.filter((path) => path.endsWith(".js") && !path.startsWith("shared")).map(read).join("\n");
  const named = new Set([...code.matchAll(/["']([\w.]+)["']/g)].map(([, key]) => key));
  const composed = [...code.matchAll(/`(\w+\.[\w.]*)\$\{/g)].map(([, start]) => start);
  const elsewhere = ["error.", "extension."]; // by their codes, and by the manifest
  for (const key of own) {
    assert.ok(named.has(key) || [...composed, ...elsewhere].some((start) => key.startsWith(start)), `${key} is used nowhere`);
  }
  const asked = [...code.matchAll(/\b(?:t|text)\(\s*"([\w.]+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 50);
  for (const key of asked) assert.ok(all.has(key), key);
});

test("the manifest's texts are there in every language, as the browser wants them", () => {
  const wanted = [...read("manifest.json").matchAll(/__MSG_(\w+)__/g)].map(([, key]) => key);
  const languages = readdirSync(new URL("locales/", ROOT)).map((name) => name.replace(".json", ""));
  const folders = languages.map((tag) => (tag === "zh" ? "zh_CN" : tag));
  assert.deepEqual(readdirSync(new URL("_locales/", ROOT)).sort(), folders.sort());
  for (const folder of folders) {
    const found = JSON.parse(read(`_locales/${folder}/messages.json`));
    assert.deepEqual(new Set(Object.keys(found)), new Set(wanted));
    for (const { message } of Object.values(found)) assert.ok(message.trim());
  }
});

test("the chosen language comes before the browser's, and English is what is left", () => {
  const speaks = (own) => (globalThis.chrome.i18n.getUILanguage = () => own);
  speaks("de-AT");
  assert.equal(messages.resolve(""), "de");
  assert.equal(messages.resolve("ja"), "ja");
  assert.equal(messages.resolve("zh_CN"), "zh"); // as it used to be stored
  speaks("zh-TW");
  assert.equal(messages.resolve(""), "zh");
  speaks("fr");
  assert.equal(messages.resolve(""), "en");
});

test("its own texts and the shared ones are in one language", async () => {
  await messages.use("ru");
  assert.equal(t("options.pictures", { count: 3 }), "3 изображения в библиотеке.");
  assert.equal(t("result.same"), JSON.parse(read("shared/texts/ru.json"))["result.same"]);
  await messages.use("en");
  assert.equal(t("options.pictures", { count: 1 }), "1 picture in the library.");
  assert.equal(t("allow.host", { host: "$& example" }), "Let PicTrace read pictures from $& example");
});
