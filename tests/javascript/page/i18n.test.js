import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openWindow, serve } from "../window.js";

openWindow();
serve(() => assert.fail("only files are asked for"));
const { fileSize, ofThePage, preferred, use } = await import("../../../api/web/i18n.js");
const { current, t } = await import("../../../api/web/shared/i18n.js");
const speaks = (...languages) => Object.assign(navigator, { languages });

beforeEach(() => localStorage.clear());

test("the browser's languages are gone through in their order", () => {
  speaks("fr-FR", "ko-KR", "de");
  assert.equal(preferred(), "ko");
  speaks("fr-FR");
  assert.equal(preferred(), "en");
});

test("a choice is remembered, and comes before the browser's languages", async () => {
  speaks("de");
  await use("ja");
  assert.equal(preferred(), "de");
  await use("ru", { remember: true });
  assert.equal(preferred(), "ru");
  assert.deepEqual([current(), t("nav.library")], ["ru", "Библиотека"]);
});

test("a choice that there is no language for counts for nothing", () => {
  speaks("de");
  localStorage.setItem("pictrace.language", "tlh");
  assert.equal(preferred(), "de");
});

test("sizes are in kB below a megabyte, and never nothing", async () => {
  await use("en");
  assert.deepEqual([3, 1499, 999_499, 1_000_000, 12_345_678].map(fileSize), ["1\u00a0kB", "1\u00a0kB", "999\u00a0kB", "1\u00a0MB", "12.3\u00a0MB"]);
  await use("de");
  assert.equal(fileSize(12_345_678), "12,3\u00a0MB");
});

test("texts that came with the page are not fetched", async () => {
  const given = Object.assign(document.createElement("script"), { id: "texts", type: "application/json" });
  given.setAttribute("lang", "ko");
  given.textContent = JSON.stringify({ "nav.library": "<라이브러리>" });
  document.body.append(given);
  await use("ko");
  assert.deepEqual([ofThePage(), current(), t("nav.library")], ["ko", "ko", "<라이브러리>"]);
  await use("de"); // another language is
  assert.equal(t("nav.library"), "Bibliothek");
  given.remove();
  assert.equal(ofThePage(), "en");
});

test("the server is told of a choice, and of nothing else", async () => {
  document.cookie = "pictrace.language=; Path=/; Max-Age=0"; // from the tests before
  await use("de");
  assert.equal(document.cookie, "");
  await use("ru", { remember: true });
  assert.match(document.cookie, /pictrace\.language=ru/);
});
