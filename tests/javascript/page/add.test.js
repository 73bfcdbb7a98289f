import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about({ access: "admin" }));
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Adding } = await import("../../../api/web/add.js");
await use("en");
await api.refresh();

const file = (name, size = 5) => new File(["x".repeat(size)], name, { type: "image/jpeg" });
const names = (...given) => given.map((name) => file(name));
const stored = (name) => ({ name, title: null, links: { file: "/f", thumbnail: "/t" } });

let adding;
let finished;
let uploads; // {form, answer(status, body), progress(share)}, in the order in which they began

/** An upload that waits for the test to answer. */
globalThis.XMLHttpRequest = class {
  listeners = {};
  upload = { addEventListener: (name, listener) => (this.told = listener) };
  open() {}
  setRequestHeader() {}
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
  getResponseHeader(name) {
    return this.headers[name] ?? null;
  }
  send(form) {
    uploads.push({
      form,
      name: form.get("file").name,
      progress: (share) => this.told({ lengthComputable: true, loaded: share, total: 1 }),
      answer: async (status, body, headers = {}) => {
        Object.assign(this, { status, responseText: JSON.stringify(body), headers });
        this.listeners.load();
        await settled();
      },
    });
  }
};

const added = (more = {}) => ({ status: "added", operation_id: "op-1", image: stored("a"), near: [], ...more });
const lines = () => [...adding.element.querySelectorAll(".entries li")].map((row) => `${row.querySelector(".name").textContent}: ${row.querySelector(".said").textContent}`);
const summary = () => adding.element.querySelector("[role=status]").textContent;

/** Answer every upload that there is and that comes, until none is left. */
async function answerAll(body = added()) {
  for (let at = 0; at < uploads.length; at += 1) await uploads[at].answer(201, body);
}

beforeEach(() => {
  uploads = [];
  finished = 0;
  serve(() => assert.fail("nothing is asked for"));
  adding = new Adding({}, async () => (finished += 1));
  document.getElementById("main").replaceChildren(adding.element);
  adding.render();
});

test("the first opens the operation, the others join it, three at a time", async () => {
  adding.addFiles(names("a", "b", "c", "d", "e"));
  await settled();
  assert.deepEqual(uploads.map(({ name }) => name), ["a"]);
  assert.equal(uploads[0].form.has("operation_id"), false);
  await uploads[0].answer(201, added());
  assert.deepEqual(uploads.map(({ name }) => name), ["a", "b", "c", "d"]);
  await uploads[2].answer(201, added());
  assert.deepEqual(uploads.map(({ name }) => name), ["a", "b", "c", "d", "e"]);
  assert.ok(uploads.slice(1).every(({ form }) => form.get("operation_id") === "op-1"));
  for (const at of [1, 3, 4]) await uploads[at].answer(201, added());
  assert.deepEqual([summary(), finished], ["5 added", 1]);
});

test("until one was added there is no operation to join", async () => {
  adding.addFiles(names("a", "b", "c"));
  await settled();
  await uploads[0].answer(415, { code: "not_an_image", detail: "No." });
  assert.deepEqual(uploads.map(({ name }) => name), ["a", "b"]);
  await uploads[1].answer(200, added({ status: "duplicate", operation_id: null, image: stored("old.jpg") }));
  assert.deepEqual([uploads.length, uploads[2].form.has("operation_id")], [3, false]);
  await uploads[2].answer(201, added());
  assert.deepEqual(lines(), ["a: not added: This is not a picture that can be read. If it is a link to a web page, open the picture itself and copy its address.", "b: already here as “old.jpg”", "c: added"]);
  assert.equal(summary(), "1 added, 1 already here, 1 not added");
});

test("a picture that a web page names is said to be that, whatever became of it", async () => {
  const answers = [added({ page: true }), added({ page: true, status: "duplicate", image: stored("old.jpg") }), added({ page: false })];
  serve(() => Response.json(answers.shift()));
  adding.addUrls(["https://a.example/1", "https://a.example/2", "https://a.example/3"]);
  await settled();
  await settled();
  const said = " · From the web page's preview picture.";
  assert.deepEqual(lines(), [`https://a.example/1: added${said}`, `https://a.example/2: already here as “old.jpg”${said}`, "https://a.example/3: added"]);
});

test("what comes later joins what is under way", async () => {
  adding.addFiles(names("a"));
  await settled();
  adding.addFiles(names("b"));
  assert.equal(summary(), "0 of 2 · ");
  await answerAll();
  assert.deepEqual([uploads.length, uploads[1].form.get("operation_id"), finished], [2, "op-1", 1]);
});

test("what comes after the end begins anew", async () => {
  adding.addFiles(names("a"));
  await settled();
  await answerAll();
  adding.addFiles(names("b"));
  await settled();
  assert.deepEqual([lines(), uploads[1].form.has("operation_id")], [["b: sending"], false]);
  await uploads[1].answer(201, added({ operation_id: "op-2" }));
});

test("tags go along, without spaces or empty ones", async () => {
  adding.tags = " red, , big house ";
  adding.addFiles(names("a"));
  await settled();
  assert.deepEqual(uploads[0].form.getAll("tags"), ["red", "big house"]);
  await answerAll();
});

test("how far an upload is, is shown; then the server works", async () => {
  adding.addFiles(names("a"));
  await settled();
  uploads[0].progress(0.5);
  assert.deepEqual([adding.element.querySelector("progress").value, lines()], [0.5, ["a: sending"]]);
  uploads[0].progress(1);
  assert.deepEqual(lines(), ["a: working"]);
  await answerAll();
  assert.equal(adding.element.querySelector("progress"), null);
});

test("a file over the limit is not sent, and the others are", async () => {
  adding.addFiles([file("large", 1001), file("b")]);
  await settled();
  assert.deepEqual(uploads.map(({ name }) => name), ["b"]);
  await answerAll();
  assert.match(lines()[0], /^large: not added: The file is too large/);
});

test("where the server asks to wait, it is waited and tried again", async () => {
  adding.addFiles(names("a"));
  await settled();
  await uploads[0].answer(503, { code: "at_capacity", detail: "Later." }, { "Retry-After": "0.02" });
  assert.match(lines()[0], /Many are searching right now/);
  await pause(60);
  assert.equal(uploads.length, 2);
  await uploads[1].answer(201, added());
  assert.deepEqual([lines(), summary()], [["a: added"], "1 added"]);
});

test("a wait of more than a minute is a refusal", async () => {
  adding.addFiles(names("a"));
  await settled();
  await uploads[0].answer(429, { code: "rate_limited", detail: "Later." }, { "Retry-After": "61" });
  assert.deepEqual(lines(), ["a: not added: Too many searches; try again in 61 seconds."]);
});

test("stopping finishes what is under way, and begins no more", async () => {
  adding.addFiles(names("a", "b", "c", "d", "e", "f"));
  await settled();
  await uploads[0].answer(201, added());
  buttonOf("Stop").click();
  assert.deepEqual(lines().slice(4), ["e: cancelled", "f: cancelled"]);
  for (const at of [1, 2, 3]) await uploads[at].answer(201, added());
  assert.deepEqual([uploads.length, summary(), finished], [4, "4 added, 2 cancelled", 1]);
  assert.deepEqual([buttonOf("Stop").hidden, buttonOf("Undo this addition").hidden], [true, false]);
});

test("all of it is taken back in one", async () => {
  adding.addFiles(names("a", "b"));
  await settled();
  await answerAll();
  const asked = serve(() => ({}));
  buttonOf("Undo this addition").click();
  await settled();
  assert.deepEqual(asked.map(({ method, path }) => `${method} ${path}`), ["POST /v1/operations/op-1/undo"]);
  assert.deepEqual([lines(), finished], [[], 2]);
});

test("where nothing was added, there is nothing to take back", async () => {
  adding.addFiles(names("a"));
  await settled();
  await uploads[0].answer(200, added({ status: "duplicate", operation_id: null }));
  assert.equal(buttonOf("Undo this addition").hidden, true);
});

test("nearly the same picture is linked to, and counted", async () => {
  serve((path) => (path === "/v1/images/9" ? { ...stored("twin.jpg"), links: { file: "/v1/images/9/file", thumbnail: "/t/9" } } : assert.fail(path)));
  adding.addFiles(names("a"));
  await settled();
  await uploads[0].answer(201, added({ near: [9, 4] }));
  assert.deepEqual([lines(), summary()], [["a: added; nearly the same as “twin.jpg”"], "1 added, 1 nearly the same as another"]);
  assert.equal(adding.element.querySelector(".said a").getAttribute("href"), "/v1/images/9/file");
});

test("nearly the same picture that is gone meanwhile is not linked to", async () => {
  serve(() => problem(404, "unknown_image"));
  adding.addFiles(names("a"));
  await settled();
  await uploads[0].answer(201, added({ near: [9] }));
  assert.deepEqual(lines(), ["a: added"]);
});

test("links are sent as links, one a line, in the same operation", async () => {
  const asked = serve(() => added());
  adding.element.querySelector("#links").value = " http://x/1 \n\n http://x/2";
  buttonOf("Add links").click();
  await settled();
  assert.deepEqual(asked.map(({ path, json }) => [path, json]), [
    ["/v1/images", { url: "http://x/1", tags: [] }],
    ["/v1/images", { url: "http://x/2", tags: [], operation_id: "op-1" }],
  ]);
  assert.equal(adding.links, "");
});

test("leaving the page is warned of while something is under way", async () => {
  const leaving = () => {
    const event = new Event("beforeunload", { cancelable: true });
    document.defaultView.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(leaving(), false);
  adding.addFiles(names("a"));
  await settled();
  assert.equal(leaving(), true);
  await answerAll();
  assert.equal(leaving(), false);
});

test("what there is to know of a picture is said beside it", async () => {
  adding.addFiles(names("a"));
  await settled();
  await uploads[0].answer(201, added({ warnings: [{ code: "cut_short", message: "The server's words." }] }));
  assert.match(lines()[0], /^a: added.*The file breaks off: the end of the picture, or its finest details, are missing\.$/);
});

test("a picture that was removed before says when", async () => {
  adding.addFiles(names("a"));
  await settled();
  const body = added({ status: "restored", removed_before: { id: 3, at: "2026-05-01T12:00:00Z" } });
  await uploads[0].answer(201, body);
  assert.match(lines()[0], /^a: added again; it was removed on May 1, 2026/);
  assert.equal(summary(), "1 added");
});
