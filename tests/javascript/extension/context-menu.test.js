import assert from "node:assert/strict";
import { test } from "node:test";
import { install, serve } from "./chrome.js";
import { load } from "./packed.js";

const state = install();
serve();
const { clicked, items, questionOf, refresh } = await load("context-menu.js");
const { changeSettings } = await load("storage.js");

const tab = { id: 7, windowId: 3, url: "http://page/", title: "A page", incognito: false };

test("adding is in the menu with the admin key only", () => {
  const ids = (settings) => items(settings, (key) => key).map(({ id }) => id);
  assert.deepEqual(ids({ opens: "panel", adminKey: "" }), ["find panel", "here panel"]);
  assert.deepEqual(ids({ opens: "tab", adminKey: "key" }), ["find tab", "here tab", "add tab"]);
});

test("one item shows on a plain image", () => {
  const shown = items({ opens: "panel", adminKey: "" }, (key) => key).filter(({ contexts }) => contexts.includes("image"));
  assert.deepEqual(shown.map(({ title }) => title), ["menu.find"]);
});

test("the menu follows the settings", async () => {
  await changeSettings({ opens: "tab", language: "de" });
  await refresh();
  assert.deepEqual(state.menu.map(({ id, title }) => [id, title]), [
    ["find tab", "Ähnliche in PicTrace finden"],
    ["here tab", "Hier ein Bild finden"],
  ]);
});

test("the panel is opened before anything is awaited", async () => {
  state.panels.length = 0;
  const asking = clicked({ menuItemId: "find panel", srcUrl: "http://x/a.jpg", frameId: 2 }, tab);
  assert.deepEqual(state.panels, [{ windowId: 3 }]);
  await asking;
  const { "search panel-3": search } = await chrome.storage.session.get("search panel-3");
  assert.equal(search.question.url, "http://x/a.jpg");
  assert.equal(search.question.frameId, 2);
  assert.deepEqual(state.opened, []);
});

test("without a panel there is a tab", async () => {
  state.refusesPanel = true;
  await clicked({ menuItemId: "find panel", srcUrl: "http://x/a.jpg" }, tab);
  const [opened] = state.opened.splice(0);
  const place = new URL(opened.url).searchParams.get("place");
  assert.equal(opened.active, true);
  assert.ok((await chrome.storage.session.get(`search ${place}`))[`search ${place}`]);
  assert.deepEqual(await chrome.storage.session.get("search panel-3"), {});
});

test("a tab for what is still to be chosen stays behind", async () => {
  await clicked({ menuItemId: "here tab" }, tab);
  assert.equal(state.opened.splice(0)[0].active, false);
});

test("an image without an address is looked for on the page", () => {
  assert.equal(questionOf({ srcUrl: "" }, tab, "find").by, "here");
  assert.equal(questionOf({ srcUrl: "data:image/png;base64,x" }, tab, "find").by, "picture");
  assert.equal(questionOf({ srcUrl: "http://x/a.jpg" }, tab, "here").by, "here");
});

test("a private window is marked", () => {
  assert.equal(questionOf({ srcUrl: "http://x" }, { ...tab, incognito: true }, "find").isPrivate, true);
});
