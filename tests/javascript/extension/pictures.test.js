import assert from "node:assert/strict";
import { test } from "node:test";

await import("../../../extension/in-page/pictures.js");
const { addressesOf, candidates } = globalThis.pictrace;

test("a srcset is read as browsers read it", () => {
  assert.deepEqual(candidates("a.jpg 300w, b.jpg 1200w"), [["a.jpg", 300], ["b.jpg", 1200]]);
  assert.deepEqual(candidates("a.jpg, b.jpg 2x, c.jpg 1.5x"), [["a.jpg", 1], ["b.jpg", 2], ["c.jpg", 1.5]]);
  // Commas are allowed inside addresses.
  assert.deepEqual(candidates("/w_300,h_200/a.jpg 300w,\n /w_900,h_600/a.jpg 900w"), [["/w_300,h_200/a.jpg", 300], ["/w_900,h_600/a.jpg", 900]]);
  assert.deepEqual(candidates("a.jpg 300w 200h, b.jpg 600w 400h"), [["a.jpg", 300], ["b.jpg", 600]]);
  assert.deepEqual(candidates(""), []);
  assert.deepEqual(candidates(null), []);
});

test("addresses of CSS images, the densest first", () => {
  assert.deepEqual(addressesOf('url("http://x/a.jpg")'), ["http://x/a.jpg"]);
  assert.deepEqual(addressesOf('linear-gradient(red, blue), url("http://x/a b.jpg")'), ["http://x/a b.jpg"]);
  assert.deepEqual(addressesOf('image-set(url("http://x/1.jpg") 1dppx, url("http://x/2.jpg") 2dppx)'), ["http://x/2.jpg", "http://x/1.jpg"]);
  assert.deepEqual(addressesOf('url("http://x/a\\"b.jpg")'), ['http://x/a"b.jpg']);
  assert.deepEqual(addressesOf("none"), []);
});
