import assert from "node:assert/strict";
import { before, test } from "node:test";
import { about, openWindow, serve } from "../window.js";

openWindow();
serve(() => about());
const api = await import("../../../api/web/api.js");
const { matches, why } = await import("../../../api/web/question.js");
const { use } = await import("../../../api/web/i18n.js");
await use("en");

const file = new File(["bytes"], "a.jpg", { type: "image/jpeg" });

before(() => api.refresh());

test("a picture of the library is asked with by its id", async () => {
  const asked = serve(() => ({ matches: [] }));
  await matches({ like: 7 }, true);
  assert.deepEqual([asked[0].method, asked[0].path], ["GET", "/v1/images/7/matches?limit=5&weak=true&preview=true"]);
});

test("a link is sent as it is", async () => {
  const asked = serve(() => ({ matches: [] }));
  await matches({ url: "http://x/a.jpg?b=1&c=ä" }, false);
  assert.deepEqual(asked[0].json, { url: "http://x/a.jpg?b=1&c=ä", limit: 5, weak: false, preview: true });
});

test("a file is sent last, after what is wanted", async () => {
  const asked = serve(() => ({ matches: [] }));
  await matches({ file }, false);
  assert.deepEqual([...asked[0].form.keys()], ["limit", "weak", "preview", "file"]);
  assert.deepEqual([asked[0].form.get("weak"), asked[0].form.get("file").name], ["false", "a.jpg"]);
});

test("a file over the server's limit is not sent", async () => {
  const asked = serve(() => ({ matches: [] }));
  const large = new File(["x".repeat(1001)], "large.jpg");
  await assert.rejects(matches({ file: large }, false), { code: "file_too_large" });
  assert.equal(asked.length, 0);
});

test("a question can be given up", async () => {
  const cancel = new AbortController();
  const asked = serve(() => ({ matches: [] }));
  for (const question of [{ like: 0 }, { url: "http://x" }, { file }]) await matches(question, false, cancel.signal);
  assert.ok(asked.every(({ signal }) => signal === cancel.signal));
});

test("why is asked with the same picture, without words on it", async () => {
  const asked = serve(() => new Response("jpeg"));
  for (const question of [{ like: 0 }, { url: "http://x" }, { file }]) await why(question, 9);
  assert.ok(asked.every(({ method, path }) => method === "POST" && path === "/v1/images/9/why"));
  assert.deepEqual([asked[0].json, asked[1].json], [{ image_id: 0, words: false }, { url: "http://x", words: false }]);
  assert.deepEqual([asked[2].form.get("words"), asked[2].form.get("file").name], ["false", "a.jpg"]);
});
