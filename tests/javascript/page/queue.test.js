import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about({ access: "admin" }));
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Queue, sumsOf } = await import("../../../api/web/queue.js");
await use("en");
await api.refresh();

const file = (name, size = 5) => new File(["x".repeat(size)], name, { type: "image/jpeg" });
const files = (...names) => names.map((name) => ({ file: file(name) }));
const image = (name = "a") => ({ name, title: null, links: { page: "/?image=1", thumbnail: "/t" } });
const added = (more = {}) => ({ id: 1, status: "added", operation_id: 7, near: [], page: false, warnings: [], removed_before: null, image: image(), ...more });

let queue;
let grown;
let uploads; // {path, form, answer(status, body), fails()}, in the order in which they began
let begun; // operations
let may;

/** An upload that waits for the test to answer. */
globalThis.XMLHttpRequest = /** @type {any} */ (
  class {
    listeners = {};
    upload = { addEventListener: (_, listener) => (this.told = listener) };
    open(_, path) {
      this.path = path;
    }
    setRequestHeader() {}
    addEventListener(name, listener) {
      this.listeners[name] = listener;
    }
    getResponseHeader(name) {
      return this.headers[name] ?? null;
    }
    abort() {
      this.listeners.abort();
    }
    send(form) {
      const after = async (name) => {
        this.listeners[name]();
        await settled();
      };
      uploads.push({
        path: this.path,
        form,
        name: form.get("file").name,
        progress: (share) => this.told({ lengthComputable: true, loaded: share, total: 1 }),
        says: async (text) => {
          Object.assign(this, { status: 200, responseText: text });
          await after("progress");
        },
        answer: async (status, body, headers = {}) => {
          Object.assign(this, { status, responseText: typeof body === "string" ? body : JSON.stringify(body), headers });
          await after("load");
        },
        fails: () => after("error"),
      });
    }
  }
);

/** A store in memory, as the browser's: what is put in is copied. */
function memory() {
  const drops = new Map();
  const entries = new Map();
  return {
    all: async () => structuredClone({ drops: [...drops.values()], entries: [...entries.values()].map(({ file: _, ...rest }) => rest) }),
    put: async (drop, some = []) => {
      drops.set(drop.id, structuredClone(drop));
      for (const entry of some) entries.set(`${entry.drop}/${entry.place}`, { ...entry });
    },
    remove: async (id) => {
      drops.delete(id);
      for (const key of entries.keys()) if (key.startsWith(`${id}/`)) entries.delete(key);
    },
    drops,
    entries,
  };
}

function opened(store = null) {
  return new Queue({ mayWork: () => may, changed: (grew) => (grown += Number(grew)), open: async () => store });
}

const states = () => queue.all().map(({ name, state }) => `${name}: ${state}`);
const names = () => uploads.map(({ name }) => name);

beforeEach(() => {
  uploads = [];
  begun = 0;
  grown = 0;
  may = true;
  localStorage.clear();
  serve((path) => (path === "/v1/operations" ? { operation_id: 7 + begun++ } : assert.fail(path)));
  queue = opened();
});

test("a drop begins one operation, which all its files join, three at a time", async () => {
  await queue.add(files("a", "b", "c", "d"), { tags: ["sea"] });
  await settled();
  assert.deepEqual([names(), begun], [["a", "b", "c"], 1]);
  assert.ok(uploads.every(({ form }) => form.get("operation_id") === "7" && form.getAll("tags").join() === "sea"));
  await uploads[1].answer(201, added());
  assert.deepEqual(names(), ["a", "b", "c", "d"]);
  for (const at of [0, 2, 3]) await uploads[at].answer(201, added());
  assert.deepEqual([states(), queue.left, grown], [["a: added", "b: added", "c: added", "d: added"], 0, 4]);
});

test("each drop has an operation and tags of its own", async () => {
  await queue.add(files("a"), { tags: ["sea"] });
  await queue.add(files("b"), { tags: ["sun"] });
  await settled();
  assert.deepEqual(uploads.map(({ form }) => [form.get("tags"), form.get("operation_id")]), [["sea", "7"], ["sun", "8"]]);
});

test("what is not added says why, and can be tried again", async () => {
  await queue.add(files("a", "b"), { tags: [] });
  await settled();
  await uploads[0].answer(415, { code: "not_an_image", detail: "No." });
  await uploads[1].answer(200, added({ status: "duplicate", operation_id: null }));
  assert.deepEqual([states(), queue.all()[0].problem.code], [["a: refused", "b: duplicate"], "not_an_image"]);
  await queue.tryFailedAgain();
  await settled();
  assert.deepEqual(names(), ["a", "b", "a"]);
  await uploads[2].answer(201, added());
  assert.deepEqual(sumsOf(queue.all()), { added: 1, duplicate: 1, near: 0, passedOver: 0, refused: 0, waiting: 0 });
});

test("while the server is away everything waits, longer each time, and goes on when the browser is online", async () => {
  await queue.add(files("a", "b"), { tags: [] });
  await settled();
  await uploads[0].fails();
  await uploads[1].answer(502, "a proxy's page");
  assert.deepEqual([states(), queue.pause.problem.code], [["a: waiting", "b: waiting"], "offline"]);
  const first = queue.pause.until - Date.now();
  document.defaultView.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(uploads.length, 4);
  await uploads[2].fails();
  assert.ok(queue.pause.until - Date.now() > first);
  await uploads[3].fails();
  queue.tryNow();
  await settled();
  for (const at of [4, 5]) await uploads[at].answer(201, added());
  assert.deepEqual([states(), queue.pause, queue.pauses], [["a: added", "b: added"], null, 0]);
});

test("where the server says how long to wait, it is waited as long", async () => {
  await queue.add(files("a"), { tags: [] });
  await settled();
  await uploads[0].answer(503, { code: "at_capacity", detail: "Later." }, { "Retry-After": "90" });
  assert.deepEqual([queue.pause.problem.code, Math.round((queue.pause.until - Date.now()) / 1000)], ["at_capacity", 90]);
  queue.tryNow();
});

test("what would befall all others halts them until somebody goes on", async () => {
  await queue.add(files("a", "b"), { tags: [] });
  await settled();
  await uploads[0].answer(507, { code: "disk_full", detail: "Full." });
  await uploads[1].answer(201, added());
  assert.deepEqual([states(), queue.halt.code, uploads.length], [["a: waiting", "b: added"], "disk_full", 2]);
  queue.goOn();
  await settled();
  assert.deepEqual(names(), ["a", "b", "a"]);
});

test("without the admin key it waits, and goes on with it", async () => {
  may = false;
  await queue.add(files("a"), { tags: [] });
  await settled();
  assert.equal(uploads.length, 0);
  may = true;
  queue.accessChanged();
  await settled();
  assert.equal(uploads.length, 1);
});

test("stopped, nothing more is begun, after a reload neither", async () => {
  const store = memory();
  queue = opened(store);
  await queue.add(files("a", "b", "c", "d"), { tags: [] });
  await settled();
  queue.stop();
  for (const upload of [...uploads]) await upload.answer(201, added());
  assert.deepEqual([uploads.length, queue.left], [3, 1]);
  queue = opened(store);
  await queue.opened;
  await settled();
  assert.deepEqual([uploads.length, queue.isStopped, queue.left], [3, true, 1]);
});

test("after a reload what was under way is sent again, in the same operation", async () => {
  const store = memory();
  queue = opened(store);
  serve((path) => (path === "/v1/operations" ? { operation_id: 7 } : new Promise(() => {})));
  await queue.add([{ url: "http://x/1" }, { passedOver: "notes.txt" }], { tags: ["sea"], name: "trip" });
  await settled();
  const asked = serve((path) => (path === "/v1/images" ? added() : assert.fail(path)));
  queue = opened(store);
  await queue.opened;
  await settled();
  assert.deepEqual(asked.map(({ json }) => json), [{ url: "http://x/1", tags: ["sea"], operation_id: 7 }]);
  const [drop] = queue.drops.values();
  assert.deepEqual([states(), drop.name, drop.passedOver, drop.passedOverNames, drop.isCutShort], [["http://x/1: added"], "trip", 1, ["notes.txt"], false]);
});

test("a folder that was not read to its end before a reload says so", async () => {
  const store = memory();
  await store.put({ id: Date.now(), tags: [], name: "trip", operation: 7, passedOver: 0, next: 0, isBeingRead: true, isCutShort: false });
  queue = opened(store);
  await queue.opened;
  const [drop] = queue.drops.values();
  assert.deepEqual([drop.isCutShort, drop.isBeingRead], [true, false]);
});

test("where nothing can be stored it works all the same, and a reload is a risk while something is left", async () => {
  queue = opened({ ...memory(), put: async () => assert.fail("There is no room.") });
  await queue.add(files("a"), { tags: [] });
  await settled();
  assert.deepEqual([queue.isAtRisk, queue.unkept.size], [true, 1]);
  await uploads[0].answer(201, added());
  assert.deepEqual([states(), queue.isAtRisk], [["a: added"], false]);
});

test("taking back forgets what is waiting, and leaves other drops alone", async () => {
  const store = memory();
  queue = opened(store);
  await queue.add(files("a", "b", "c", "d"), { tags: [] });
  await queue.add(files("e"), { tags: [] });
  await settled();
  const [first] = queue.drops.values();
  const taken = queue.takeBack(first);
  for (const upload of uploads.slice(0, 3)) await upload.answer(201, added());
  assert.equal(await taken, 7);
  await settled();
  assert.deepEqual([states(), names(), [...store.drops.keys()].length], [["e: sending"], ["a", "b", "c", "e"], 1]);
});

test("clearing forgets what is done, and where it is stopped all", async () => {
  await queue.add(files("a"), { tags: [] });
  await settled();
  await uploads[0].answer(201, added());
  await queue.add(files("b"), { tags: [] });
  await settled();
  await queue.clear();
  assert.deepEqual(states(), ["b: sending"]);
  queue.stop();
  await uploads[1].fails();
  await queue.clear();
  assert.deepEqual([states(), queue.isStopped], [[], false]);
});

const line = (name, status, more = {}) => `${JSON.stringify({ name, status, id: null, code: null, message: null, near: [], warnings: [], reason: null, operation_id: null, ...more })}\n`;
const archive = () => [{ file: file("trip.zip") }];

test("an archive's pictures are counted as they come, and those that are not added are told", async () => {
  api.server.limits.archives = [".zip"];
  api.server.limits.max_archive_bytes = 1000;
  await queue.add(archive(), { tags: [] });
  await settled();
  assert.equal(uploads[0].path, "/v1/archives");
  const text = line("a.jpg", "added", { id: 4, operation_id: 7, near: [2] }) + line("b.jpg", "rejected", { code: "not_an_image", message: "No." });
  await uploads[0].says(text.slice(0, -5));
  assert.deepEqual([sumsOf(queue.all()).added, sumsOf(queue.all()).waiting, grown], [1, 1, 1]);
  await uploads[0].answer(200, text + line("c.txt", "passed_over") + line("d.jpg", "duplicate", { id: 3 }));
  assert.deepEqual(states(), ["trip.zip: unpacked", "b.jpg: refused"]);
  assert.deepEqual(sumsOf(queue.all()), { added: 1, duplicate: 1, near: 1, passedOver: 1, refused: 1, waiting: 0 });
  assert.deepEqual(queue.all()[0].passedOverNames, ["c.txt"]);
});

test("an archive that breaks off is sent again, and what was added is not called a duplicate", async () => {
  await queue.add(archive(), { tags: [] });
  await settled();
  await uploads[0].says(line("a.jpg", "added", { id: 4, operation_id: 7 }) + line("b.jpg", "rejected", { code: "not_an_image" }));
  await uploads[0].fails();
  assert.equal(states()[0], "trip.zip: waiting");
  queue.tryNow();
  await settled();
  await uploads[1].answer(200, line("a.jpg", "duplicate", { id: 4 }) + line("b.jpg", "rejected", { code: "not_an_image" }));
  assert.deepEqual(sumsOf(queue.all()), { added: 1, duplicate: 0, near: 0, passedOver: 0, refused: 1, waiting: 0 });
});

test("an archive's last line says why it broke off; stopping ends it", async () => {
  await queue.add(archive(), { tags: [] });
  await settled();
  await uploads[0].answer(200, line("", "rejected", { code: "disk_full", message: "Full." }));
  assert.deepEqual([states(), queue.halt.code], [["trip.zip: waiting"], "disk_full"]);
  queue.goOn();
  await settled();
  queue.stop();
  await settled();
  assert.deepEqual([states(), queue.left], [["trip.zip: waiting"], 1]);
});

test("archives that the server does not read, and files that cannot be read, are not sent", async () => {
  await queue.add([{ file: file("old.rar") }, { unreadable: "locked.jpg" }], { tags: [] });
  await settled();
  assert.deepEqual(queue.all().map(({ name, problem: { code } }) => [name, code]), [["old.rar", "bad_archive"], ["locked.jpg", "file_gone"]]);
  assert.equal(uploads.length, 0);
});

test("a file that is gone is told from a server that is away", async () => {
  await queue.add(files("a"), { tags: [] });
  await settled();
  queue.all()[0].file.slice = () => ({ arrayBuffer: async () => Promise.reject(new Error("gone")) });
  await uploads[0].fails();
  assert.deepEqual([states(), queue.all()[0].problem.code, queue.pause], [["a: refused"], "file_gone", null]);
});

test("what was undone elsewhere meanwhile says so", async () => {
  serve((path) => (path === "/v1/operations" ? { operation_id: 7 } : problem(404, "unknown_operation")));
  await queue.add([{ url: "http://x/1" }], { tags: [] });
  await settled();
  assert.equal(queue.all()[0].problem.code, "taken_back");
});

test("a picture that is too large is made smaller first; a moving one is refused", async () => {
  globalThis.pictraceShrink.within = async () => new Blob(["small"], { type: "image/jpeg" });
  const moving = new File(["x".repeat(2000)], "b.gif", { type: "image/gif" });
  await queue.add([{ file: file("a.png", 2000) }, { file: moving }, ...files("c.webp")], { tags: [] });
  await settled();
  assert.deepEqual([names(), queue.all()[1].problem.code], [["c.webp", "a.jpg"], "file_too_large"]);
  assert.deepEqual(queue.all()[0].smaller, { before: 2000, after: 5 });
  await uploads[0].answer(413, { code: "too_many_pixels", detail: "No." });
  assert.deepEqual(names(), ["c.webp", "a.jpg", "c.jpg"]);
});
