import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { install, serve } from "./chrome.js";
import { load } from "./packed.js";

const state = install();
const { give, NoWay, patiently } = await load("search.js");
const { Problem } = await load("shared/problem.js");

const LINK = { by: "link", url: "http://far.example/a.jpg" };
const limits = { max_bytes: 10 ** 7, max_pixels: 10 ** 7 };
let notes;
const means = (cancel = new AbortController()) => ({ limits, texts: {}, note: (...said) => notes.push(said), signal: cancel.signal });
const answer = { query: { width: 3, height: 2 }, matches: [] };
const failing = (code) => () => Promise.reject(new Problem(code));

beforeEach(() => {
  notes = [];
  state.allowed = [];
  serve();
});

test("an address that the server can fetch is all it takes", async () => {
  const found = await give(LINK, async () => answer, means());
  assert.deepEqual([found.way, found.sent, found.tried, found.host], ["address", { url: LINK.url }, [], null]);
});

test("what the server cannot fetch is read from its host where that is allowed", async () => {
  state.allowed = ["http://far.example/*"];
  const asked = serve(() => new Response("bytes", { headers: { "Content-Type": "image/jpeg" } }));
  const found = await give(LINK, async ({ url }) => (url ? failing("fetch_failed")() : answer), { ...means(), limits: { max_bytes: 10 ** 7 } });
  assert.deepEqual([found.way, found.tried], ["host", [{ way: "address", code: "fetch_failed" }]]);
  assert.equal(found.sent.name, "a.jpg");
  assert.equal(asked[0].referrerPolicy, "no-referrer");
});

test("what the server is not given is read from its host too", async () => {
  state.allowed = ["http://far.example/*"];
  serve(() => new Response("bytes", { headers: { "Content-Type": "image/jpeg" } }));
  const found = await give(LINK, async ({ url }) => (url ? failing("fetch_denied")() : answer), { ...means(), limits: { max_bytes: 10 ** 7 } });
  assert.deepEqual([found.way, found.tried], ["host", [{ way: "address", code: "fetch_denied" }]]);
});

test("a link to a page is answered with the picture that the page names", async () => {
  const found = await give(LINK, async () => ({ ...answer, page: true }), means());
  assert.deepEqual([found.way, found.answer.page], ["address", true]);
});

test("without any way the host is named that could be allowed", async () => {
  await assert.rejects(give(LINK, failing("url_refused"), means()), (error) => {
    assert.ok(error instanceof NoWay);
    assert.deepEqual(error.host, { name: "far.example", origins: ["http://far.example/*"] });
    return true;
  });
});

for (const code of ["wrong_key", "rate_limited", "disk_full", "unreachable", "library_busy"]) {
  test(`${code} is nothing that another way would mend`, async () => {
    await assert.rejects(give(LINK, failing(code), means()), { code });
  });
}

test("a permission that was just given is used without asking for the address again", async () => {
  state.allowed = ["http://far.example/*"];
  serve(() => new Response("bytes"));
  const asked = [];
  const act = async (sent) => (asked.push(sent), answer);
  const found = await give({ ...LINK, skipsAddress: true }, act, { ...means(), limits: { max_bytes: 10 ** 7 } });
  assert.equal(found.way, "host");
  assert.equal(asked.length, 1);
});

test("waiting is as long as told, and can be given up", async () => {
  let calls = 0;
  const act = async () => {
    calls += 1;
    if (calls === 1) throw new Problem("at_capacity", { retryAfter: 0.02 });
    return "done";
  };
  assert.equal(await patiently(act, means()), "done");
  assert.deepEqual(notes.map(([step]) => step), ["waiting", "again"]);
  const cancel = new AbortController();
  const waiting = patiently(() => Promise.reject(new Problem("rate_limited", { retryAfter: 60 })), means(cancel));
  setTimeout(() => cancel.abort(), 10);
  await assert.rejects(waiting, { name: "AbortError" });
  await assert.rejects(patiently(() => Promise.reject(new Problem("rate_limited", { retryAfter: 900 })), means()), { code: "rate_limited" });
});
