import assert from "node:assert/strict";
import { test } from "node:test";

const { forgetAll, keep, recalled, remembered } = await import("../../../api/web/kept.js");

test("a file is remembered by its key, in a browser without a database too; a reload finds none there", async () => {
  const [a, b] = [new File(["a"], "a.jpg"), new File(["b"], "b.jpg")];
  const keys = [keep(a), keep(b)];
  assert.notEqual(keys[0], keys[1]);
  assert.deepEqual(keys.map(remembered), [a, b]);
  assert.equal(await recalled("another page's"), null);
});

test("whoever signs out leaves none behind", async () => {
  const key = keep(new File(["a"], "a.jpg"));
  await forgetAll();
  assert.equal(remembered(key), undefined);
});
