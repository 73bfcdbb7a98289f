import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, openWindow, serve } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { isEmpty, ownPictures } = await import("../../../api/web/own-pictures.js");
await use("en");

let gone;
const page = { go: (address) => gone.push(address), openKeys: () => gone.push("keys") };

async function offered(said) {
  serve(() => about(said));
  await api.refresh();
  return ownPictures(page);
}

beforeEach(() => (gone = []));

test("where there are pictures, only whoever may add is offered to", async () => {
  assert.equal(await offered({ pictures: 6 }), null);
  assert.equal(await offered({ pictures: 6, access: "search" }), null);
  assert.equal(await offered({ pictures: null }), null); // it is not told without a key
  const admin = await offered({ pictures: 6, access: "admin" });
  assert.equal(admin.querySelector("h2").textContent, "Your own pictures");
  buttonOf("Add your own pictures", admin).click();
  assert.deepEqual(gone, ["/?view=library"]);
});

test("an empty library begins with one's own pictures, for visitors with signing in", async () => {
  const visitor = await offered({ pictures: 0 });
  assert.equal(isEmpty(), true);
  assert.equal(visitor.querySelector("h1").textContent, "Start with your own pictures");
  assert.equal(visitor.querySelector("code").textContent, "pictrace add FOLDER");
  buttonOf("Sign in to add your own pictures", visitor).click();
  assert.deepEqual(gone, ["keys"]);
});
