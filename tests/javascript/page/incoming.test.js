import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, openWindow, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Incoming } = await import("../../../api/web/incoming.js");
await use("en");

let gone;
let taken;
/** @type {Map<string, Response>} What the service worker has kept, by its address. */
let kept;
const view = { takeFiles: (files) => taken.push(...files.map(({ name }) => name)), takeUrl: (url) => taken.push(url) };
const page = { go: async (address) => (gone.push(address), view), openKeys: () => gone.push("keys") };

function keep(address, body, type, name = "") {
  kept.set(`http://localhost:5000${address}`, new Response(body, { headers: { "Content-Type": type, "X-Name": encodeURIComponent(name) } }));
}

async function looked(said = {}) {
  serve(() => about(said));
  await api.refresh();
  const incoming = new Incoming(page);
  await incoming.look();
  return incoming;
}

beforeEach(() => {
  [gone, taken, kept] = [[], [], new Map()];
  const store = {
    keys: async () => [...kept.keys()].map((url) => ({ url })),
    match: async ({ url }) => kept.get(url).clone(),
    delete: async (url) => kept.delete(url),
  };
  globalThis.caches = /** @type {any} */ ({ open: async () => store });
});

test("of several the first of the latest share is searched for; the admin may add all", async () => {
  keep("/share/1000/0", "old", "image/png", "old.png");
  keep("/share/2000/0", "new", "image/jpeg", "Größe & ü.jpg");
  keep("/share/2000/1", "other", "image/jpeg", "other.jpg");
  const incoming = await looked({ access: "admin" });
  const { file } = incoming.question();
  assert.deepEqual([file.name, file.type, await file.text()], ["Größe & ü.jpg", "image/jpeg", "new"]);
  assert.match(incoming.element.textContent, /3 pictures shared from another app\. One picture is searched for at a time/);
  buttonOf("Add all 3 pictures", incoming.element).click();
  await settled();
  assert.deepEqual([gone, taken, kept.size], [["/?view=library"], ["Größe & ü.jpg", "other.jpg", "old.png"], 0]);
});

test("a link is found in what was shared as text, whatever stands around it", async () => {
  keep("/share/1/0", "Look\nhttps://a.example/b?c=d#e now", "text/plain");
  const incoming = await looked({ access: "admin" });
  assert.deepEqual(incoming.question(), { url: "https://a.example/b?c=d#e" });
  buttonOf("Add this picture", incoming.element).click();
  await settled();
  assert.deepEqual(taken, ["https://a.example/b?c=d#e"]);
});

test("text without a link is nothing", async () => {
  keep("/share/1/0", "hello", "text/plain");
  const incoming = await looked();
  assert.equal(incoming.question(), null);
  assert.match(incoming.element.textContent, /No picture and no link was shared\./);
});

test("without the key that searching needs, it waits, and signing in is the way", async () => {
  keep("/share/1/0", "x", "image/jpeg", "a.jpg");
  const incoming = await looked({ search_key_required: true });
  assert.equal(incoming.question(), null);
  assert.match(incoming.element.textContent, /Sign in: the search begins then\./);
  buttonOf("Sign in", incoming.element).click();
  assert.deepEqual([gone, kept.size], [["keys"], 1]);
  assert.ok((await looked({ search_key_required: true, access: "search" })).question().file);
});

test("done with, nothing of it is kept", async () => {
  keep("/share/1/0", "x", "image/jpeg", "a.jpg");
  const incoming = await looked();
  assert.equal(buttonOf("Add this picture", incoming.element), undefined);
  buttonOf("Done", incoming.element).click();
  await settled();
  assert.deepEqual([gone, kept.size], [["/"], 0]);
});

test("a browser that keeps nothing for pages has nothing waiting", async () => {
  globalThis.caches = undefined;
  assert.equal((await looked()).question(), null);
});
