import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, openWindow, serve } from "../window.js";

let count = 0;
let view;

/** The module as a page loads it that the server has made; `hash` is the end of its address. */
async function started({ hash = "", made = true } = {}) {
  view = openWindow();
  location.hash = hash;
  if (made) document.body.append(Object.assign(document.createElement("script"), { id: "texts", type: "application/json" }));
  sessionStorage.setItem("pictrace.key", "secret");
  return import(`../../../api/web/start.js?${(count += 1)}`);
}

let asked;
beforeEach(() => (asked = serve(() => about())));

test("the server is asked at once, with the key that is kept", async () => {
  const { begun } = await started();
  assert.deepEqual(asked.map(({ path, headers }) => [path, headers.Authorization]), [["/v1/server", "Bearer secret"]]);
  assert.equal((await (await begun.server).json()).name, "PicTrace");
});

test("nothing is asked where a key comes with the address, or where no server has made the page", async () => {
  for (const how of [{ hash: "#key=other" }, { made: false }]) assert.equal((await started(how)).begun.server, null);
  assert.deepEqual(asked, []);
});

test("an answer for another key is let go", async () => {
  const { begun, key, keepKey } = await started();
  keepKey("other", { remember: true });
  assert.deepEqual([begun.server, key(), localStorage.getItem("pictrace.key")], [null, "other", "other"]);
  keepKey(null);
  assert.equal(key(), null);
});

test("the browser's offer to install is kept, and not made by the browser itself", async () => {
  const { begun } = await started();
  const offer = new Event("beforeinstallprompt", { cancelable: true });
  view.dispatchEvent(offer);
  assert.deepEqual([begun.offer === offer, offer.defaultPrevented], [true, true]);
});
