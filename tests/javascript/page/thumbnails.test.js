import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, openWindow, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { Thumbnails } = await import("../../../api/web/thumbnails.js");

const images = (count) => Array.from({ length: count }, () => document.createElement("img"));
const sources = (all) => all.map((one) => one.getAttribute("src"));

beforeEach(() => sessionStorage.clear());

test("a few are loaded at once, the others as these arrive", async () => {
  const thumbnails = new Thumbnails();
  const all = images(12);
  all.forEach((one, index) => thumbnails.show(one, `/t/${index}`));
  await settled();
  assert.equal(sources(all).filter(Boolean).length, 8);
  all[0].dispatchEvent(new Event("load"));
  all[1].dispatchEvent(new Event("error"));
  await settled();
  assert.equal(sources(all).filter(Boolean).length, 10);
});

test("what is dropped is given up, and never asked for if it waited", async () => {
  const thumbnails = new Thumbnails();
  const all = images(10);
  all.forEach((one, index) => thumbnails.show(one, `/t/${index}`));
  await settled();
  thumbnails.drop(all[9]);
  thumbnails.drop(all[0]);
  await settled();
  assert.deepEqual([sources(all)[0], sources(all)[8], sources(all)[9]], [null, "/t/8", null]);
});

test("with a key they come through memory, which is freed", async () => {
  sessionStorage.setItem("pictrace.key", "secret");
  const alive = new Set();
  URL.createObjectURL = () => (alive.add("blob:1"), "blob:1");
  URL.revokeObjectURL = (url) => alive.delete(url);
  const asked = serve(() => new Response("bytes"));
  const thumbnails = new Thumbnails();
  const [image] = images(1);
  thumbnails.show(image, "/t/1");
  await settled();
  assert.deepEqual([asked[0].headers.Authorization, image.getAttribute("src"), alive.size], ["Bearer secret", "blob:1", 1]);
  image.dispatchEvent(new Event("load"));
  await settled();
  assert.equal(alive.size, 0);
});

test("one that cannot be had tells so", async () => {
  const thumbnails = new Thumbnails();
  const [image] = images(1);
  let failures = 0;
  image.addEventListener("failed", () => (failures += 1));
  thumbnails.show(image, "/t/1");
  await settled();
  image.dispatchEvent(new Event("error"));
  await settled();
  assert.equal(failures, 1);
});
