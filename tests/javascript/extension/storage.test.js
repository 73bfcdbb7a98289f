import assert from "node:assert/strict";
import { test } from "node:test";
import { install } from "./chrome.js";
import { load } from "./packed.js";

install();
const storage = await load("storage.js");

test("settings have defaults, and changes leave the others", async () => {
  assert.equal((await storage.settings()).server, "http://localhost:5000");
  await storage.changeSettings({ opens: "tab" });
  await storage.changeSettings({ language: "ko" });
  const { opens, language, keepsHistory } = await storage.settings();
  assert.deepEqual([opens, language, keepsHistory], ["tab", "ko", true]);
});

test("the history holds twenty, the newest first, each address once", async () => {
  for (let number = 0; number < 30; number += 1) await storage.remember({ url: `http://x/${number}`, at: number, thumbnail: "data:" });
  await storage.remember({ url: "http://x/25", at: 99, thumbnail: "data:" });
  const kept = await storage.history();
  assert.equal(kept.length, 20);
  assert.deepEqual(kept.slice(0, 3).map(({ url }) => url), ["http://x/25", "http://x/29", "http://x/28"]);
  await storage.clearHistory();
  assert.deepEqual(await storage.history(), []);
  await storage.changeSettings({ keepsHistory: false });
  await storage.remember({ url: "http://x/1", at: 1, thumbnail: "data:" });
  assert.deepEqual(await storage.history(), []);
});

test("keys and pictures are stored in this browser only", () => {
  assert.equal(globalThis.chrome.storage.sync, undefined);
});
