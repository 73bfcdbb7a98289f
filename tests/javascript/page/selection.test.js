import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST, Selection } from "../../../api/web/selection.js";

const numbers = (first, end) => Array.from({ length: end - first }, (_, index) => first + index);

/** As the gallery extends it; ids are places and a hundred. */
function extend(selection, offset) {
  const { first, end } = selection.rangeTo(offset);
  selection.extend(numbers(first, end).map((place) => place + 100), first);
}

test("one is selected and no longer, and each change is told of", () => {
  let changes = 0;
  const selection = new Selection(() => (changes += 1));
  selection.toggle(107, 7);
  selection.toggle(103, 3);
  assert.deepEqual([selection.ids(), selection.size, changes], [[103, 107], 2, 2]); // as in the listing
  selection.toggle(107, 7);
  assert.deepEqual([selection.ids(), selection.has(107), changes], [[103], false, 3]);
  selection.clear();
  selection.clear();
  assert.deepEqual([selection.size, changes], [0, 4]);
});

test("a range goes from the one before to here, and replaces the range that it continues", () => {
  const selection = new Selection();
  selection.toggle(120, 20);
  selection.toggle(105, 5);
  extend(selection, 8);
  assert.deepEqual(selection.ids(), [105, 106, 107, 108, 120]);
  extend(selection, 6);
  assert.deepEqual(selection.ids(), [105, 106, 120]);
  extend(selection, 3);
  assert.deepEqual(selection.ids(), [103, 104, 105, 120]);
});

test("without one before it, a range is the picture itself, and the next goes on from there", () => {
  const selection = new Selection();
  extend(selection, 4);
  assert.deepEqual(selection.ids(), [104]);
  extend(selection, 6);
  assert.deepEqual(selection.ids(), [104, 105, 106]);
});

test("no more than the most are selected, by ranges in both directions too", () => {
  const selection = new Selection();
  selection.toggle(100, 0);
  assert.deepEqual(selection.rangeTo(50_000), { first: 0, end: MOST - 1 });
  extend(selection, 50_000);
  assert.equal(selection.size, MOST - 1);
  selection.clear();
  selection.toggle(20_100, 20_000);
  extend(selection, 0);
  assert.ok(selection.size <= MOST);
  assert.ok(selection.has(20_100));
  selection.replace(numbers(0, MOST));
  assert.equal(selection.toggle(99_999, 99_999), false);
  assert.equal(selection.size, MOST);
});

test("what was selected stays so when pictures come above it", () => {
  const selection = new Selection();
  selection.toggle(105, 5);
  selection.shift(3);
  selection.extend([105, 106], selection.rangeTo(9).first);
  assert.deepEqual([...selection.chosen], [[105, 8], [106, 9]]);
});
