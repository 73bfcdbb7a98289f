import assert from "node:assert/strict";
import { test } from "node:test";

const { between, HANDLES, isSamePart, isTiny, moved, parsed, resized, written } = await import("../../../api/web/region.js");

const close = (region, numbers) => Object.values(region).forEach((value, index) => assert.ok(Math.abs(value - numbers[index]) < 1e-9, `${Object.values(region)}`));

test("an address holds a part as four shares, and nothing else is one", () => {
  assert.deepEqual(parsed("0.25,0,0.5,1"), { x: 0.25, y: 0, width: 0.5, height: 1 });
  for (const text of [null, "", "1,2", "0,0,0,1", "0.6,0,0.5,1", "a,0,1,1", "0,0,1,1,1", "-0.1,0,1,1", "0,0,1e1,1"]) assert.equal(parsed(text), null, text);
});

test("what is written is read again, and never goes beyond the picture", () => {
  assert.equal(written({ x: 1 / 3, y: 0, width: 2 / 3, height: 0.12345 }), "0.3333,0,0.6667,0.1235");
  const random = (seed) => ((seed * 16807) % 2147483647) / 2147483647;
  for (let seed = 1; seed < 400; seed += 1) {
    const [x, y] = [random(seed * 3), random(seed * 7)];
    const region = { x, y, width: (1 - x) * random(seed * 11), height: (1 - y) * random(seed * 13) };
    const again = parsed(written(region));
    assert.ok(again, written(region));
    assert.ok(again.x + again.width <= 1 + 1e-9 && again.y + again.height <= 1 + 1e-9);
    assert.equal(written(again), written(region));
  }
});

test("none is the whole picture", () => {
  assert.ok(isSamePart(null, undefined));
  assert.ok(!isSamePart(null, { x: 0, y: 0, width: 1, height: 1 }));
  assert.ok(isSamePart({ x: 0.1, y: 0, width: 0.5, height: 0.5 }, { x: 0.10001, y: 0, width: 0.5, height: 0.5 }));
});

test("a box is drawn between two corners in any order, inside the picture", () => {
  close(between([0.8, 0.1], [0.2, 0.5]), [0.2, 0.1, 0.6, 0.4]);
  close(between([0.5, 0.5], [1.7, -3]), [0.5, 0, 0.5, 0.5]);
  assert.ok(isTiny(between([0.5, 0.5], [0.51, 0.9])));
});

test("a box is moved as far as the picture goes", () => {
  close(moved({ x: 0.2, y: 0.2, width: 0.5, height: 0.5 }, 0.1, -0.1), [0.3, 0.1, 0.5, 0.5]);
  close(moved({ x: 0.2, y: 0.2, width: 0.5, height: 0.5 }, 9, -9), [0.5, 0, 0.5, 0.5]);
});

test("a handle moves the sides that it lies on, and no others", () => {
  const box = { x: 0.2, y: 0.2, width: 0.4, height: 0.4 };
  close(resized(box, "se", 0.1, 0.2), [0.2, 0.2, 0.5, 0.6]);
  close(resized(box, "nw", 0.1, 0.2), [0.3, 0.4, 0.3, 0.2]);
  close(resized(box, "n", 9, -0.1), [0.2, 0.1, 0.4, 0.5]);
  close(resized(box, "e", 9, 9), [0.2, 0.2, 0.8, 0.4]);
  for (const handle of HANDLES) {
    const [right, down] = [handle.includes("w") ? 9 : -9, handle.includes("n") ? 9 : -9];
    const { x, y, width, height } = resized(box, handle, right, down);
    assert.ok(width >= 0.04 - 1e-9 && height >= 0.04 - 1e-9 && x >= 0 && y >= 0, handle);
  }
});
