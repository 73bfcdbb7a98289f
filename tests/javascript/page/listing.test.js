import assert from "node:assert/strict";
import { test } from "node:test";
import { Listing } from "../../../api/web/listing.js";

/** A listing of so many pictures whose ids are their places; what is read is told of. */
function opened(total, tell = {}) {
  const read = [];
  const listing = new Listing(async (offset, limit, signal) => {
    read.push([offset, limit]);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const count = Math.max(0, Math.min(limit, total - offset));
    return { images: Array.from({ length: count }, (_, index) => ({ id: offset + index })), total: offset ? null : total };
  }, tell);
  return { listing, read };
}

test("what is wanted is fetched in parts, once", async () => {
  let arrivals = 0;
  const { listing, read } = opened(1000, { arrived: () => (arrivals += 1) });
  await listing.want(150, 320);
  assert.deepEqual([read, arrivals], [[[100, 100], [200, 100], [300, 100]], 3]);
  assert.deepEqual([listing.at(150).id, listing.at(399).id, listing.at(99)], [150, 399, undefined]);
  await listing.want(200, 300);
  assert.equal(read.length, 3);
  await listing.want(0, 1);
  assert.equal(listing.total, 1000);
});

test("what is scrolled past before it has come is given up, and can be had again", async () => {
  const { listing } = opened(1000);
  const first = listing.want(0, 100);
  await listing.want(500, 600);
  await first;
  assert.deepEqual([listing.at(0), listing.at(500).id], [undefined, 500]);
  await listing.want(0, 100);
  assert.equal(listing.at(0).id, 0);
});

test("only so many parts are kept, those wanted last", async () => {
  const { listing } = opened(20_000);
  for (let offset = 0; offset < 20_000; offset += 100) await listing.want(offset, offset + 100);
  assert.equal(listing.parts.size, 20);
  assert.equal(listing.at(0), undefined);
  assert.equal(listing.at(19_999).id, 19_999);
});

test("a range reaches over what is not at hand, and ends where the listing does", async () => {
  const { listing, read } = opened(950);
  await listing.want(0, 100);
  await listing.want(600, 700);
  read.length = 0;
  const found = await listing.between(50, 2000);
  assert.deepEqual(found.map(({ id }) => id), Array.from({ length: 900 }, (_, index) => index + 50));
  assert.ok(read.every(([, limit]) => limit <= 200));
  assert.ok(read.length <= 7, JSON.stringify(read));
});

test("a part that cannot be had is told of, and asked for again only after a pause", async () => {
  let asked = 0;
  const told = [];
  const listing = new Listing(
    async () => {
      asked += 1;
      throw Object.assign(new Error("busy"), { retryAfter: 30 });
    },
    { failed: (error) => told.push(error.message) },
  );
  await listing.want(0, 100);
  await listing.want(0, 100);
  assert.deepEqual([asked, told, listing.error.message], [1, ["busy"], "busy"]);
});
