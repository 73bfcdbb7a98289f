import assert from "node:assert/strict";
import { test } from "node:test";
import { install, serve } from "./chrome.js";
import { load } from "./packed.js";

const state = install();
serve();
const { clicked, items, questionOf, refresh } = await load("context-menu.js");
const { changeSettings } = await load("storage.js");

const IMAGE = { mediaType: "image" };
const tab = { id: 7, windowId: 3, url: "http://page/", title: "A page", incognito: false };

test("adding is in the menu with the admin key only", () => {
  const ids = (settings) => items(settings, (key) => key).map(({ id }) => id);
  assert.deepEqual(ids({ opens: "panel", adminKey: "" }), ["find panel"]);
  assert.deepEqual(ids({ opens: "tab", adminKey: "key" }), ["find tab", "add tab"]);
});

test("without the admin key one item shows everywhere, on canvases too, so that browsers make no submenu", () => {
  assert.deepEqual(items({ opens: "panel", adminKey: "" }, (key) => key).map(({ title, contexts }) => [title, contexts]), [["menu.find", ["all"]]]);
});

test("the menu follows the settings", async () => {
  await changeSettings({ opens: "tab", language: "de" });
  await refresh();
  assert.deepEqual(state.menu.map(({ id, title }) => [id, title]), [
    ["find tab", "Bild in PicTrace finden"],
  ]);
  await changeSettings({ adminKey: "key" });
  await refresh();
  assert.deepEqual(state.menu.map(({ id }) => id), ["find tab", "add tab"]);
  await changeSettings({ adminKey: "" });
  await refresh();
  assert.deepEqual(state.menu.map(({ id }) => id), ["find tab"]);
});

test("the panel is opened before anything is awaited", async () => {
  state.panels.length = 0;
  const asking = clicked({ ...IMAGE, menuItemId: "find panel", srcUrl: "http://x/a.jpg", frameId: 2 }, tab);
  assert.deepEqual(state.panels, [{ windowId: 3 }]);
  await asking;
  const { "search panel-3": search } = await chrome.storage.session.get("search panel-3");
  assert.equal(search.question.url, "http://x/a.jpg");
  assert.equal(search.question.frameId, 2);
  assert.deepEqual(state.opened, []);
});

test("without a panel there is a tab", async () => {
  state.refusesPanel = true;
  await clicked({ ...IMAGE, menuItemId: "find panel", srcUrl: "http://x/a.jpg" }, tab);
  const [opened] = state.opened.splice(0);
  const place = new URL(opened.url).searchParams.get("place");
  assert.equal(opened.active, true);
  assert.ok((await chrome.storage.session.get(`search ${place}`))[`search ${place}`]);
  assert.deepEqual(await chrome.storage.session.get("search panel-3"), {});
});

test("a tab for what is still to be chosen stays behind", async () => {
  await clicked({ menuItemId: "find tab" }, tab);
  assert.equal(state.opened.splice(0)[0].active, false);
});

test("what is no image, or has no address, is chosen on the page", () => {
  assert.equal(questionOf({ ...IMAGE, srcUrl: "" }, tab, "find").by, "here");
  assert.equal(questionOf({ ...IMAGE, srcUrl: "data:image/png;base64,x" }, tab, "find").by, "picture");
  assert.equal(questionOf({ ...IMAGE, targetElementId: 7 }, tab, "find").by, "picture");
  assert.equal(questionOf({ mediaType: "video", srcUrl: "http://x/a.mp4" }, tab, "find").by, "here");
  assert.equal(questionOf({}, tab, "find").by, "here"); // a canvas in Chromium: nothing is told of it
});

test("a click in the extension's own panel, which is no tab, asks nothing", () => {
  state.panels.length = 0;
  clicked({ ...IMAGE, menuItemId: "find panel", srcUrl: "blob:x" }, undefined);
  assert.deepEqual(state.panels, []);
});

test("a private window is marked", () => {
  assert.equal(questionOf({ ...IMAGE, srcUrl: "http://x" }, { ...tab, incognito: true }, "find").isPrivate, true);
});
