import assert from "node:assert/strict";
import { test } from "node:test";
import { bounded, fittingScale, zoomed } from "../../../api/web/zoom.js";

const stage = { width: 800, height: 600 };
const picture = { width: 4000, height: 3000 };
const sizes = { picture, stage };

test("all of a picture is shown, and a small one no larger than it is", () => {
  assert.equal(fittingScale(picture, stage), 0.2);
  assert.equal(fittingScale({ width: 100, height: 3000 }, stage), 0.2);
  assert.equal(fittingScale({ width: 40, height: 40 }, stage), 1);
});

test("the point that is zoomed at stays where it is", () => {
  const point = { x: 100, y: -50 };
  const before = { scale: 0.4, x: 60, y: 20 };
  const after = zoomed(before, 2, point, sizes);
  const on = (view) => [(point.x - view.x) / view.scale, (point.y - view.y) / view.scale].map(Math.round);
  assert.equal(after.scale, 0.8);
  assert.deepEqual(on(after), on(before));
});

test("no smaller than all of it, no larger than makes sense", () => {
  assert.deepEqual(zoomed({ scale: 0.3, x: 50, y: 50 }, 0.01, { x: 0, y: 0 }, sizes), { scale: 0.2, x: 0, y: 0 });
  assert.equal(zoomed({ scale: 0.2, x: 0, y: 0 }, 1e6, { x: 0, y: 0 }, sizes).scale, 8);
});

test("a picture cannot be moved off its stage", () => {
  assert.deepEqual(bounded({ scale: 0.2, x: 500, y: -500 }, sizes), { scale: 0.2, x: 0, y: -0 });
  assert.deepEqual(bounded({ scale: 0.4, x: 5000, y: -5000 }, sizes), { scale: 0.4, x: 400, y: -300 });
});
