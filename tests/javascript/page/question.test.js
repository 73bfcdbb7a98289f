import assert from "node:assert/strict";
import { before, test } from "node:test";
import { about, openWindow, serve } from "../window.js";

openWindow();
serve(() => about());
const api = await import("../../../api/web/api.js");
const { addressOf, isSamePicture, isSameQuestion, matches, questionIn, why } = await import("../../../api/web/question.js");
const { use } = await import("../../../api/web/i18n.js");
await use("en");

const file = new File(["bytes"], "a.jpg", { type: "image/jpeg" });

before(() => api.refresh());

const quarter = { x: 0.5, y: 0, width: 0.5, height: 0.5 };

test("an address says what is asked: a link or a picture of the library, a part of it, and tags", () => {
  const asked = questionIn(new URLSearchParams("url=http://x/a.jpg&region=0.5,0,0.5,0.5&tag=comics&tag=old&tag=comics&tag="));
  assert.deepEqual(asked, { url: "http://x/a.jpg", like: undefined, region: quarter, tags: ["comics", "old"] });
  assert.deepEqual(questionIn(new URLSearchParams("like=7&region=nonsense")), { url: undefined, like: 7, region: null, tags: [] });
  for (const like of ["3x", "-3", "", "3,4"]) assert.equal(questionIn(new URLSearchParams({ like })).like, undefined);
});

test("what is asked goes into an address, and comes out of it again", () => {
  for (const question of [{ url: "http://x/?a=1&b=ä" }, { like: 3, region: quarter }, { url: "http://x", tags: ["a, b", "ü"], region: quarter }]) {
    const again = questionIn(new URLSearchParams(addressOf(question).slice(2)));
    assert.ok(isSameQuestion(again, question), addressOf(question));
  }
  assert.equal(addressOf({ file, kept: "k" }), "/");
  assert.equal(addressOf({ file, tags: ["a"] }, 9), "/?tag=a&compare=9");
});

test("a question is another with another part or tag, but its picture is the same", () => {
  assert.ok(isSamePicture({ like: 3, region: quarter }, { like: 3 }));
  assert.ok(!isSameQuestion({ like: 3, region: quarter }, { like: 3 }));
  assert.ok(!isSameQuestion({ like: 3, tags: ["a"] }, { like: 3 }));
  assert.ok(!isSamePicture({ file }, { file: new File(["bytes"], "a.jpg") }));
  assert.ok(!isSamePicture({ like: 3 }, null));
});

test("a picture of the library is asked with by its id", async () => {
  const asked = serve(() => ({ matches: [] }));
  await matches({ like: 7, region: quarter, tags: ["a", "b"] }, { weak: true, limit: 50 });
  const wanted = "limit=50&weak=true&preview=true&region=0.5%2C0%2C0.5%2C0.5&tag=a&tag=b";
  assert.deepEqual([asked[0].method, asked[0].path], ["GET", `/v1/images/7/matches?${wanted}`]);
});

test("a link is sent as it is", async () => {
  const asked = serve(() => ({ matches: [] }));
  const url = "http://x/a.jpg?b=1&c=ä";
  await matches({ url });
  await matches({ url, region: quarter, tags: ["a"] });
  assert.deepEqual(asked[0].json, { url, limit: 5, weak: false, preview: true });
  assert.deepEqual(asked[1].json, { ...asked[0].json, region: "0.5,0,0.5,0.5", tag: ["a"] });
});

test("a file is sent last, after what is wanted", async () => {
  const asked = serve(() => ({ matches: [] }));
  await matches({ file, region: quarter, tags: ["a", "b"] });
  assert.deepEqual([...asked[0].form.keys()], ["limit", "weak", "preview", "region", "tag", "tag", "file"]);
  assert.deepEqual([asked[0].form.get("weak"), asked[0].form.get("file").name], ["false", "a.jpg"]);
});

test("a file over the server's limit is not sent", async () => {
  const asked = serve(() => ({ matches: [] }));
  const large = new File(["x".repeat(1001)], "large.jpg");
  await assert.rejects(matches({ file: large }), { code: "file_too_large" });
  assert.equal(asked.length, 0);
});

test("a question can be given up", async () => {
  const asked = serve(() => new Promise(() => {}));
  for (const question of [{ like: 0 }, { url: "http://x" }]) matches(question, { signal: AbortSignal.abort() });
  assert.ok(asked.every(({ signal }) => signal.aborted));
  const cancel = new AbortController();
  const sent = matches({ file }, { signal: cancel.signal });
  cancel.abort();
  await assert.rejects(sent, { name: "AbortError" });
  assert.equal(asked[2].isAborted, true);
});

test("why is asked with the same part of the same picture, without words on it", async () => {
  const asked = serve(() => new Response("jpeg"));
  for (const question of [{ like: 0, region: quarter }, { url: "http://x" }, { file, region: quarter }]) await why(question, 9);
  assert.ok(asked.every(({ method, path }) => method === "POST" && path === "/v1/images/9/why"));
  assert.deepEqual([asked[0].json, asked[1].json], [{ image_id: 0, words: false, region: "0.5,0,0.5,0.5" }, { url: "http://x", words: false }]);
  assert.deepEqual([asked[2].form.get("words"), asked[2].form.get("region"), asked[2].form.get("file").name], ["false", "0.5,0,0.5,0.5", "a.jpg"]);
});
