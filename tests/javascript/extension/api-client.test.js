import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { serve } from "./chrome.js";
import { load } from "./packed.js";

const { isUnencrypted, normalised, originsOf, Server } = await load("api-client.js");
const { Problem } = await load("shared/problem.js");

const json = (value, init) => new Response(JSON.stringify(value), init);

test("addresses are brought into one form", () => {
  assert.equal(normalised(" localhost:5000/ "), "http://localhost:5000");
  assert.equal(normalised("https://pictures.example.org/trace/"), "https://pictures.example.org/trace");
  assert.equal(normalised("HTTPS://Pictures.Example.org"), "https://pictures.example.org");
  for (const bad of ["", "http://", "ftp://host", "javascript:alert(1)", "http://user:secret@host"]) {
    assert.throws(() => normalised(bad), (error) => error instanceof Problem && error.code === "bad_address", bad);
  }
});

test("the permission for an address names its host only", () => {
  assert.deepEqual(originsOf("http://localhost:5000"), ["http://localhost/*"]);
  assert.deepEqual(originsOf("https://pictures.example.org:8443/trace"), ["https://pictures.example.org/*"]);
});

test("only what leaves the machine unencrypted is warned of", () => {
  for (const safe of ["http://localhost:5000", "http://127.0.0.1:1", "http://[::1]:5000", "https://example.org"]) assert.ok(!isUnencrypted(safe), safe);
  for (const risky of ["http://192.168.1.7:5000", "http://nas:5000", "http://127.0.0.1.example.org"]) assert.ok(isUnencrypted(risky), risky);
});

test("the key goes to the server, cookies and referrer do not", async () => {
  const asked = serve(() => json({ matches: [] }));
  await new Server("http://s:1", "secret").search({ url: "http://x/a.jpg" }, { weak: true });
  assert.equal(asked[0].url, "http://s:1/v1/search");
  assert.equal(asked[0].headers.Authorization, "Bearer secret");
  assert.equal(asked[0].credentials, "omit");
  assert.equal(asked[0].referrerPolicy, "no-referrer");
  assert.equal(asked[0].redirect, "error");
  assert.deepEqual(JSON.parse(asked[0].body), { url: "http://x/a.jpg", limit: 5, weak: true, preview: true });
});

test("bytes go as a form", async () => {
  const asked = serve(() => json({ status: "added" }));
  const sent = { blob: new Blob(["x"], { type: "image/jpeg" }), name: "a.jpg" };
  await new Server("http://s").add(sent, { title: "", tags: ["one", "two"], page_url: "http://p/" });
  const { body } = asked[0];
  assert.equal(body.get("file").name, "a.jpg");
  assert.equal(body.get("tags"), "one,two");
  assert.equal(body.has("title"), false);
});

test("the admin key is used for everything where there is one", () => {
  assert.equal(Server.of({ server: "http://s", searchKey: "reads", adminKey: "" }).key, "reads");
  assert.equal(Server.of({ server: "http://s", searchKey: "reads", adminKey: "adds" }).key, "adds");
});

const codes = [
  ["a problem's code and wait", () => json({ code: "at_capacity", detail: "Later." }, { status: 503, headers: { "Retry-After": "2" } }), "at_capacity", 2],
  ["429 without a body of ours", () => new Response("", { status: 429, headers: { "Retry-After": "7" } }), "rate_limited", 7],
  ["a proxy's error page", () => new Response("<h1>Bad gateway", { status: 502 }), "server", null],
  ["another program", () => new Response("<h1>404", { status: 404 }), "not_pictrace", null],
  ["another program that is content", () => json({ name: "Else" }), "not_pictrace", null],
  ["no JSON", () => new Response("hello"), "not_pictrace", null],
  ["no answer", () => Promise.reject(new TypeError("failed")), "unreachable", null],
  ["no answer in time", () => Promise.reject(new DOMException("late", "TimeoutError")), "too_slow", null],
];
for (const [what, answer, code, retryAfter] of codes) {
  test(`${what} is told as ${code}`, async () => {
    serve(answer);
    await assert.rejects(new Server("http://s").about(), (error) => {
      assert.ok(error instanceof Problem);
      assert.deepEqual([error.code, error.retryAfter], [code, retryAfter]);
      return true;
    });
  });
}

test("a search that is given up is no problem of the server's", async () => {
  const cancel = new AbortController();
  serve((url, { signal }) => new Promise((resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  const asking = new Server("http://s").search({ url: "http://x" }, { signal: cancel.signal });
  cancel.abort();
  await assert.rejects(asking, { name: "AbortError" });
});

beforeEach(() => serve());
