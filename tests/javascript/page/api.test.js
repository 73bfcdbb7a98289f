import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { begun } = await import("../../../api/web/start.js");
await use("en");

/** An XMLHttpRequest that answers as told. */
function upload(status, body, headers = {}) {
  const sent = { headers: {} };
  globalThis.XMLHttpRequest = class {
    listeners = {};
    upload = { addEventListener: (name, listener) => (sent[name] = listener) };
    status = status;
    responseText = typeof body === "string" ? body : JSON.stringify(body);
    open(...how) {
      sent.open = how;
    }
    setRequestHeader(name, value) {
      sent.headers[name] = value;
    }
    addEventListener(name, listener) {
      this.listeners[name] = listener;
    }
    getResponseHeader(name) {
      return headers[name] ?? null;
    }
    send(form) {
      sent.form = form;
      setImmediate(this.listeners[status ? "load" : "error"]);
    }
  };
  return sent;
}

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
  api.onRefusal(() => {});
});

test("the key goes along once somebody has signed in", async () => {
  const asked = serve(() => about({ access: "admin" }));
  await api.ask("/v1/tags");
  await api.signIn("secret");
  assert.deepEqual(asked.map(({ headers }) => headers.Authorization), [undefined, "Bearer secret"]);
  assert.equal(api.isAdmin(), true);
});

test("a key is kept for this window, or on this device where that is wanted", async () => {
  serve(() => about());
  await api.signIn("one");
  assert.deepEqual([sessionStorage.getItem("pictrace.key"), localStorage.getItem("pictrace.key")], ["one", null]);
  await api.signIn("two", { remember: true });
  assert.deepEqual([sessionStorage.getItem("pictrace.key"), localStorage.getItem("pictrace.key"), api.key()], [null, "two", "two"]);
  await api.signIn(null);
  assert.equal(api.key(), null);
});

test("a wrong key is forgotten, and the server is asked again without it", async () => {
  api.onRefusal(() => assert.fail("it was never good"));
  serve((path, { headers }) => (headers.Authorization ? problem(401, "wrong_key") : about()));
  await assert.rejects(api.signIn("wrong"), { code: "wrong_key" });
  assert.equal(api.key(), null);
  assert.equal(api.server.access, "none");
});

test("a server that is busy leaves the key alone", async () => {
  serve(() => problem(503, "at_capacity", { wait: 2 }));
  await assert.rejects(api.signIn("right"), { code: "at_capacity", retryAfter: 2 });
  assert.equal(api.key(), "right");
});

test("JSON goes as JSON and a form as a form, by POST", async () => {
  const asked = serve(() => ({}));
  const form = new FormData();
  form.append("limit", "5");
  await api.ask("/v1/search", { json: { url: "http://x" } });
  await api.ask("/v1/search", { form });
  await api.ask("/v1/images/7", { method: "DELETE" });
  assert.deepEqual(asked.map(({ method }) => method), ["POST", "POST", "DELETE"]);
  assert.deepEqual([asked[0].headers["Content-Type"], asked[0].json], ["application/json", { url: "http://x" }]);
  assert.deepEqual([asked[1].headers["Content-Type"], asked[1].form], [undefined, form]);
});

const failures = [
  ["the server's own code and sentence", () => problem(404, "unknown_image"), ["unknown_image", null], "This picture is no longer in the library."],
  ["its wait", () => problem(429, "rate_limited", { wait: 3 }), ["rate_limited", 3], "Too many searches; try again in 3 seconds."],
  ["a code that is new", () => problem(422, "quite_new", { detail: "New." }), ["quite_new", null], "New."],
  ["a failure inside the server", () => problem(500, "quite_new"), ["server", null], "The server has a problem. Its log says more."],
  ["a proxy's error page", () => new Response("<h1>Bad gateway", { status: 502 }), ["server", null], "The server has a problem. Its log says more."],
  ["no answer at all", () => Promise.reject(new TypeError("failed")), ["offline", null], "The server cannot be reached. Is PicTrace still running?"],
  ["a value out of range", () => problem(422, "invalid_request", { detail: "limit: 1 to 50" }), ["invalid_request", null], "A value is missing or out of range. (limit: 1 to 50)"],
];
for (const [what, answer, told, says] of failures) {
  test(`a failure tells of ${what}`, async () => {
    serve(answer);
    await assert.rejects(api.ask("/v1/tags"), (error) => {
      assert.deepEqual([error.code, error.retryAfter], told);
      assert.equal(api.sentence(error), says);
      return true;
    });
  });
}

test("limits in sentences are the server's", async () => {
  serve(() => about({ limits: { max_bytes: 3 * 1024 * 1024, max_pixels: 9e6 } }));
  await api.refresh();
  assert.match(api.sentence({ code: "file_too_large" }), /at most 3 MB/);
});

test("what is given up is no failure of the server's", async () => {
  serve(() => Promise.reject(new DOMException("given up", "AbortError")));
  await assert.rejects(api.ask("/v1/tags"), { name: "AbortError" });
});

test("a key that is refused later is told of", async () => {
  let refusals = 0;
  api.onRefusal(() => (refusals += 1));
  serve(() => about());
  await api.signIn("good");
  serve((path) => (path === "/v1/server" ? about() : problem(401, "wrong_key")));
  await assert.rejects(api.ask("/v1/tags"), { code: "wrong_key" });
  assert.equal(refusals, 1);
  sessionStorage.clear();
  await assert.rejects(api.ask("/v1/tags"), { code: "wrong_key" }); // nobody is signed in
  assert.equal(refusals, 1);
});

test("an upload tells how far it is, and carries the key", async () => {
  serve(() => about());
  await api.signIn("secret");
  const sent = upload(201, { status: "added" });
  const shares = [];
  const form = new FormData();
  const answer = api.upload("/v1/images", form, (share) => shares.push(share));
  sent.progress({ lengthComputable: true, loaded: 1, total: 4 });
  sent.progress({ lengthComputable: false, loaded: 2, total: 0 });
  assert.deepEqual(await answer, { status: "added" });
  assert.deepEqual(shares, [0.25]);
  assert.deepEqual([sent.open, sent.form, sent.headers], [["POST", "/v1/images"], form, { Authorization: "Bearer secret" }]);
});

test("an upload that fails is told of as any other failure", async () => {
  upload(503, { code: "at_capacity", detail: "Later." }, { "Retry-After": "4" });
  await assert.rejects(api.upload("/v1/images", new FormData(), () => {}), { code: "at_capacity", retryAfter: 4, status: 503 });
  upload(0, "");
  await assert.rejects(api.upload("/v1/images", new FormData(), () => {}), { code: "offline" });
});

test("a picture is shown by its address, and with a key from memory", async () => {
  const asked = serve(() => new Response("bytes"));
  const image = document.createElement("img");
  document.body.append(image);
  api.show(image, "/v1/images/7/thumbnail");
  assert.equal(image.getAttribute("src"), "/v1/images/7/thumbnail");
  assert.equal(asked.length, 0);
  sessionStorage.setItem("pictrace.key", "secret");
  URL.createObjectURL = () => "blob:7";
  api.show(image, "/v1/images/7/thumbnail");
  await settled();
  assert.equal(image.getAttribute("src"), "blob:7");
  assert.equal(asked[0].headers.Authorization, "Bearer secret");
  image.remove();
});

test("a picture that is not shown any more is let go of", async () => {
  serve(() => new Response("bytes"));
  sessionStorage.setItem("pictrace.key", "secret");
  const let_go = [];
  URL.createObjectURL = () => "blob:8";
  URL.revokeObjectURL = (url) => let_go.push(url);
  const image = document.createElement("img");
  api.show(image, "/v1/images/8/thumbnail");
  await settled();
  assert.deepEqual([let_go, image.getAttribute("src")], [["blob:8"], null]);
});

test("a link to a file is plain, and with a key opened from memory", async () => {
  assert.deepEqual(api.opening("/v1/images/7/file"), {});
  serve(() => new Response("bytes"));
  sessionStorage.setItem("pictrace.key", "secret");
  const opened = [];
  globalThis.window = /** @type {any} */ ({ open: (...how) => opened.push(how) });
  URL.createObjectURL = () => "blob:file";
  let prevented = false;
  await api.opening("/v1/images/7/file").click({ preventDefault: () => (prevented = true) });
  assert.deepEqual([prevented, opened], [true, [["blob:file", "_blank", "noopener"]]]);
});

test("the first answer of the server is the one that was begun before the modules were there", async () => {
  begun.server = Promise.resolve(Response.json(about({ pictures: 77 })));
  const asked = serve(() => about({ pictures: 6 }));
  await api.refresh();
  assert.deepEqual([api.server.pictures, asked.length], [77, 0]);
  await api.refresh();
  assert.deepEqual([api.server.pictures, asked.length], [6, 1]);
  begun.server = Promise.reject(new TypeError("gone"));
  await assert.rejects(api.refresh(), { code: "offline" });
});
