import assert from "node:assert/strict";
import { test } from "node:test";

await import("../../../api/web/shared/shrink.js");
const shrink = globalThis.pictraceShrink;
const LIMITS = { maxBytes: 1000, maxPixels: 10_000, maxSourcePixels: 40_000 };

/** What is left of a picture of this size and type: itself, or the side that it is drawn with. */
async function within(width, height, type, limits = LIMITS) {
  globalThis.createImageBitmap = async () => ({ width, height });
  shrink.drawn = async (_, side) => ({ size: 10, side });
  const blob = { size: 500, type };
  const found = await shrink.within(blob, limits);
  return found === blob ? "itself" : found.side;
}

test("a JPEG may have as many pixels as the server takes by its header, other kinds as many as it decodes", async () => {
  assert.equal(await within(200, 200, "image/jpeg"), "itself");
  assert.equal(await within(200, 200, "image/png"), 100);
  assert.equal(await within(400, 400, "image/jpeg"), 200);
  assert.equal(await within(100, 100, "image/png"), "itself");
});

test("an older server says one limit for all kinds", async () => {
  assert.equal(await within(200, 200, "image/jpeg", { maxBytes: 1000, maxPixels: 10_000 }), 100);
  assert.equal(await within(200, 200, "image/jpeg", { maxBytes: 1000, maxPixels: 10_000, maxSourcePixels: undefined }), 100);
});
