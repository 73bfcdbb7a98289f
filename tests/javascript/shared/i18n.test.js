import assert from "node:assert/strict";
import { test } from "node:test";
import { openWindow, serve } from "../window.js";

openWindow();
const OWN = new URL("../../../api/web/locales/", import.meta.url);
serve(() => assert.fail("only files are asked for"));
const { closest, date, has, list, load, number, percent, t } = await import("../../../api/web/shared/i18n.js");

test("the first language that there is, is taken", () => {
  assert.equal(closest(["", null, "fr", "de-AT", "ru"]), "de");
  assert.equal(closest(["zh-TW"]), "zh");
  assert.equal(closest(["zh_CN"]), "zh");
  assert.equal(closest(["toString", "KO"]), "ko");
  assert.equal(closest(["fr"]), "en");
  assert.equal(closest([]), "en");
});

test("values are filled in, numbers as the language writes them", async () => {
  await load("de", OWN);
  assert.equal(t("result.nothingText", { count: 12345 }).includes("12.345"), true);
  await load("en", OWN);
  assert.equal(t("match.whyOf", { name: "$& {place}" }), "Why does “$& {place}” match?");
  assert.equal(t("match.place"), "Match {place}");
  assert.equal(t("no.such.text"), "no.such.text");
  assert.equal(has("no.such.text"), false);
});

test("each number has its plural form", async () => {
  await load("ru", OWN);
  assert.deepEqual([1, 3, 11].map((count) => t("result.found", { count })), ["1 совпадение", "3 совпадения", "11 совпадений"]);
  await load("ja", OWN); // has one form only
  assert.match(t("result.found", { count: 1 }), /1/);
});

test("the page's own texts and the shared ones are in one language", async () => {
  await load("de", OWN);
  assert.equal(t("result.same"), "Dasselbe Bild");
  assert.equal(t("nav.library"), "Bibliothek");
  assert.equal(document.documentElement.lang, "de");
  await load("zh", OWN);
  assert.equal(document.documentElement.lang, "zh-Hans");
});

test("what a language lacks is said in English", async () => {
  const read = globalThis.fetch;
  globalThis.fetch = async (url) => (String(url).endsWith("ko.json") ? Response.json({ "result.same": "같은 사진" }) : read(url));
  await load("ko", OWN);
  globalThis.fetch = read;
  assert.equal(t("result.same"), "같은 사진");
  assert.equal(t("result.alike"), "Looks alike");
  assert.ok(has("result.alike"));
});

test("only what is certain is 100 %", async () => {
  await load("en", OWN);
  assert.deepEqual([1, 0.9996, 0.99, 0.5, 0.01, 0.004, 0].map(percent), ["100%", ">99%", "99%", "50%", "1%", "<1%", "<1%"]);
  await load("de", OWN);
  assert.equal(percent(0.5), "50\u00a0%");
});

test("numbers, dates and lists are written as the language does", async () => {
  await load("de", OWN);
  assert.equal(number(1234.5), "1.234,5");
  assert.match(date("2024-03-05T12:00:00"), /05\.03\.2024/);
  assert.equal(list(["gedreht", "beschnitten"]), "gedreht, beschnitten");
  await load("ja", OWN);
  assert.equal(list(["甲", "乙"]), "甲、乙");
});
