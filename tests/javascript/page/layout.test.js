import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout } from "../../../api/web/layout.js";

const MEASURES = { width: 430, least: 100, gap: 10, caption: 20, heading: 50 };
const day = (key, count) => ({ key, label: key, count });
const plain = (count) => [{ key: "all", label: null, count }];

test("as many columns as fit, and the rest of the width is shared among them", () => {
  const layout = new Layout(plain(9), MEASURES);
  assert.deepEqual([layout.columns, layout.side, layout.rowHeight], [4, 100, 130]);
  assert.deepEqual([new Layout(plain(9), { ...MEASURES, width: 428 }).columns, new Layout(plain(9), { ...MEASURES, width: 428 }).side], [3, 136]);
  assert.equal(new Layout(plain(1), { ...MEASURES, width: 0 }).columns, 1);
});

test("rows follow each other without a heading where there is none", () => {
  const layout = new Layout(plain(9), MEASURES);
  assert.equal(layout.height, 3 * 130);
  assert.deepEqual(layout.cornerOf(0), { left: 0, top: 0 });
  assert.deepEqual(layout.cornerOf(7), { left: 330, top: 130 });
});

test("every day begins a row of its own, below its heading", () => {
  const layout = new Layout([day("a", 5), day("b", 1), day("c", 4)], MEASURES);
  assert.equal(layout.height, 3 * 50 + 4 * 130);
  assert.deepEqual(layout.cornerOf(4), { left: 0, top: 50 + 130 });
  assert.deepEqual(layout.cornerOf(5), { left: 0, top: 50 + 2 * 130 + 50 });
  assert.equal(layout.sectionOf(5).key, "b");
  assert.equal(layout.sectionOf(9).key, "c");
});

test("only what lies between two heights is to be drawn", () => {
  const layout = new Layout(plain(20_000), MEASURES);
  assert.deepEqual(layout.between(0, 100), { first: 0, end: 4 });
  assert.deepEqual(layout.between(130 * 10, 130 * 12), { first: 40, end: 52 });
  assert.deepEqual(layout.between(130 * 4999, 1e9), { first: 19_996, end: 20_000 });
  assert.deepEqual(layout.between(1e9, 2e9), { first: 0, end: 0 });
  assert.deepEqual(layout.between(-500, -1), { first: 0, end: 0 });
  const days = new Layout([day("a", 5), day("b", 1), day("c", 4)], MEASURES);
  assert.deepEqual(days.between(200, 320), { first: 4, end: 6 });
  assert.deepEqual(days.between(-10, 1e6), { first: 0, end: 10 });
});

test("no picture is drawn twice or left out, whatever the days", () => {
  const counts = [1, 4, 7, 0, 13, 2, 100, 3];
  const layout = new Layout(counts.map((count, index) => day(String(index), count)), MEASURES);
  for (let top = 0; top < layout.height; top += 37) {
    const { first, end } = layout.between(top, top + 300);
    for (let offset = 0; offset < layout.total; offset += 1) {
      const at = layout.cornerOf(offset).top;
      if (at + layout.rowHeight > top && at < top + 300) assert.ok(offset >= first && offset < end, `${offset} at ${top}`);
    }
    assert.ok(end - first <= 5 * layout.columns);
  }
});

test("up and down keep the column, over headings too, and end at the first and last row", () => {
  const layout = new Layout([day("a", 6), day("b", 2), day("c", 9)], MEASURES);
  assert.equal(layout.vertically(1, 1), 5);
  assert.equal(layout.vertically(5, 1), 7);
  assert.equal(layout.vertically(4, 1), 6);
  assert.equal(layout.vertically(3, 1), 5); // the row below is shorter
  assert.equal(layout.vertically(7, 1), 9);
  assert.equal(layout.vertically(9, -1), 7);
  assert.equal(layout.vertically(0, -1), 0);
  assert.equal(layout.vertically(16, 5), 16);
  assert.equal(layout.vertically(0, 4), 12);
});

test("an empty gallery has no height", () => {
  const layout = new Layout([], MEASURES);
  assert.deepEqual([layout.height, layout.total, layout.firstBelow(0)], [0, 0, null]);
  assert.deepEqual(layout.between(0, 100), { first: 0, end: 0 });
});
