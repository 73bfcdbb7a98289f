import assert from "node:assert/strict";
import { test } from "node:test";

const { inverse, mapped, onto, transform } = await import("../../../api/web/overlay.js");

const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];
const outlines = {
  "a part": [[0.2, 0.3], [0.7, 0.3], [0.7, 0.8], [0.2, 0.8]],
  "mirrored": [[0.7, 0.3], [0.2, 0.3], [0.2, 0.8], [0.7, 0.8]],
  "turned": [[0.9, 0.1], [0.9, 0.8], [0.1, 0.8], [0.1, 0.1]],
  "around the whole": [[-1, -0.5], [2, -0.5], [2, 1.5], [-1, 1.5]],
  "in perspective": [[0.1, 0.1], [0.8, 0.2], [0.9, 0.9], [0.05, 0.7]],
};
const near = (found, wanted) => assert.ok(found.every((value, axis) => Math.abs(value - wanted[axis]) < 1e-9), `${found} is not ${wanted}`);

for (const [name, outline] of Object.entries(outlines)) {
  test(`the corners of a picture come to lie on its outline, and back: ${name}`, () => {
    const map = onto(outline);
    CORNERS.forEach((corner, index) => near(mapped(map, corner), outline[index]));
    outline.forEach((corner, index) => near(mapped(inverse(map), corner), CORNERS[index]));
  });
}

test("without an outline, or with one that is no area, a picture lies as it is", () => {
  for (const outline of [null, [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]]) near(mapped(onto(outline), [0.3, 0.4]), [0.3, 0.4]);
});

test("a style says the same in pixels", () => {
  const map = onto(outlines["in perspective"]);
  const [width, height] = [300, 200];
  const matrix = transform(map, width, height).slice(9, -1).split(",").map(Number);
  for (const corner of [...CORNERS, [0.4, 0.7]]) {
    const [x, y] = [corner[0] * width, corner[1] * height];
    const depth = matrix[3] * x + matrix[7] * y + matrix[15];
    const point = [matrix[0] * x + matrix[4] * y + matrix[12], matrix[1] * x + matrix[5] * y + matrix[13]];
    const [right, down] = mapped(map, corner);
    near(point.map((value) => value / depth), [right * width, down * height]);
  }
});
