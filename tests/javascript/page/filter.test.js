import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, filterOf, parametersOf } from "../../../api/web/filter.js";

const of = (text) => filterOf(new URLSearchParams(text));

test("what is usual does not stand in the address", () => {
  assert.deepEqual(of("view=library"), { words: "", tags: [], sort: "added", order: "desc" });
  assert.equal(addressOf(of("")), "/?view=library");
  assert.equal(addressOf(of("sort=name")), "/?view=library&sort=name");
  assert.equal(of("sort=name").order, "asc");
  assert.equal(addressOf(of("sort=name&order=asc")), "/?view=library&sort=name");
});

test("words, tags and order go to and fro", () => {
  const text = "words=old+mill&tag=red&tag=a+b&sort=taken&order=asc";
  assert.equal(String(parametersOf(of(text))), text);
  assert.equal(addressOf(of(text), 7), `/?image=7&${text}`);
});

test("what makes no sense in an address is passed over", () => {
  assert.deepEqual(of("sort=__proto__&order=up&tag=&tag=a&tag=a"), { words: "", tags: ["a"], sort: "added", order: "desc" });
});
