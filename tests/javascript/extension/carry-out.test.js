import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { install, serve } from "./chrome.js";
import { load } from "./packed.js";

install();
const { Server } = await load("api-client.js");
const { carryOut, failureOf } = await load("results/carry-out.js");
const { Problem } = await load("shared/problem.js");

const json = (value, status = 200) => new Response(JSON.stringify(value), { status });
const ADDED = { id: 9, status: "added", operation_id: 1, image: { width: 3, height: 2 } };
const SEARCH = { question: { by: "link", url: "http://far.example/a.jpg", adds: true }, said: { title: "A" } };

/** Adds a picture to a server that gives these answers, by their paths; what was asked comes with the outcome. */
async function added(answers) {
  const asked = serve((url) => answers[new URL(url).pathname] ?? json({ code: "not_found" }, 404));
  const server = new Server("http://s");
  const outcome = await carryOut(SEARCH, { server, limits: {}, signal: new AbortController().signal, note: () => {}, told: () => {} });
  return { outcome, asked: asked.map(({ url }) => new URL(url).pathname) };
}

beforeEach(() => serve());

test("near-duplicates come with their scores, three at most", async () => {
  const near = [0.99, 0.98, 0.97, 0.96].map((score, index) => ({ id: index, p_same: score }));
  const { outcome } = await added({
    "/v1/images": json({ ...ADDED, near: [0, 1, 2, 3] }),
    "/v1/images/9/related": json({ near_duplicates: near, variants: [] }),
  });
  assert.deepEqual(outcome.near, near.slice(0, 3));
});

test("of an older server they come without scores, and of one that is gone nothing is said", async () => {
  const { outcome } = await added({
    "/v1/images": json({ ...ADDED, near: [4, 5] }),
    "/v1/images/5": json({ id: 5, name: "five.jpg" }),
  });
  assert.deepEqual(outcome.near, [{ id: 5, name: "five.jpg" }]);
});

test("nothing is asked for where nothing is near", async () => {
  const { outcome, asked } = await added({ "/v1/images": json({ ...ADDED, near: [] }) });
  assert.deepEqual([outcome.near, asked], [[], ["/v1/images"]]);
});

test("a failure is stored with what its sentence names", () => {
  const { code, values } = failureOf(new Problem("nothing_here", { values: { address: "http://localhost:9" } }));
  assert.deepEqual([code, values], ["nothing_here", { address: "http://localhost:9" }]);
});
