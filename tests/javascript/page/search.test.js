import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, matched, openWindow, problem, serve, settled } from "../window.js";

openWindow();
URL.createObjectURL = () => "blob:a";
URL.revokeObjectURL = () => {};
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { keep } = await import("../../../api/web/kept.js");
const { Search } = await import("../../../api/web/search.js");
await use("en");

const answer = (name) => ({ query: { preview: "data:,x", width: 6, height: 4 }, timings_ms: { total: 1 }, library_size: 6, calibrated: true, matches: [matched({ name })] });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const headings = () => [...search.element.querySelectorAll("h1, h3")].map((one) => one.textContent);

let search;
let gone;
let titles;

async function opened(said = {}) {
  serve(() => about(said));
  await api.refresh();
  gone = [];
  titles = [];
  search = new Search({
    go: (...how) => gone.push(how.filter(Boolean)),
    refresh: api.refresh,
    openKeys: () => gone.push("keys"),
    searchFiles: (files, address) => gone.push([...files.map(({ name }) => name), address]),
    title: (text) => titles.push(text),
  });
  document.getElementById("main").replaceChildren(search.element);
}

beforeEach(() => opened());

test("an address is a question: a link, a picture of the library, or none", async () => {
  const asked = serve(() => answer("coffee"));
  search.enter(new URLSearchParams({ url: "http://x/a.jpg" }));
  await settled();
  search.enter(new URLSearchParams({ like: "3" }));
  await settled();
  assert.deepEqual(asked.map(({ path }) => path.split("?")[0]), ["/v1/search", "/v1/images/3/matches"]);
  for (const like of ["3x", "-3", ""]) search.enter(new URLSearchParams({ like }));
  await settled();
  assert.deepEqual([asked.length, headings()], [2, ["Which picture are you looking for?"]]);
});

test("a file lies in the history by its key, not in the address", async () => {
  const asked = serve(() => answer("coffee"));
  search.enter(new URLSearchParams(), keep(new File(["x"], "a.jpg")));
  await settled();
  assert.equal(asked[0].form.get("file").name, "a.jpg");
  assert.deepEqual(headings(), ["1 match", "Match 1: coffee"]);
  assert.equal(document.activeElement.id, "answer");
});

test("a file that this browser no longer keeps is said to be gone", async () => {
  await search.enter(new URLSearchParams({ tag: "comics" }), "an old key");
  assert.equal(toast(), "This browser no longer keeps that picture: choose it again.");
  assert.deepEqual(headings(), ["Which picture are you looking for?"]);
});

test("the picture of a file is there at once, with the way to stop; stopped, it can be asked again", async () => {
  const asked = serve(() => new Promise(() => {}));
  search.ask({ file: new File(["x"], "a.jpg") });
  assert.equal(search.element.querySelector(".framed img").getAttribute("src"), "blob:a");
  assert.equal(search.element.querySelector("[role=status]").textContent, "Sending the picture…");
  search.tell(0.4);
  assert.equal(search.element.querySelector("progress").value, 0.4);
  search.tell(1);
  assert.equal(search.element.querySelector("[role=status]").textContent, "Searching…");
  buttonOf("Cancel").click();
  await settled();
  assert.equal(asked[0].isAborted, true);
  assert.equal(search.element.getAttribute("aria-busy"), "false");
  assert.equal(search.element.querySelector("[role=status]").textContent, "The search was cancelled.");
  buttonOf("Try again", search.element).click();
  await settled();
  assert.equal(asked.length, 2);
});

test("what was answered is shown again without asking, until the library changes", async () => {
  const asked = serve((path) => (path === "/v1/server" ? about({ pictures: 7 }) : answer("coffee")));
  const wanted = new URLSearchParams({ like: "3" });
  for (const pass of [1, 2]) {
    search.enter(wanted);
    await settled();
    assert.deepEqual([asked.length, headings()[0]], [1, "1 match"], `pass ${pass}`);
    search.leave();
  }
  await api.refresh();
  search.enter(wanted);
  await settled();
  assert.equal(asked.filter(({ path }) => path.includes("matches")).length, 2);
});

test("tags and a part are kept while one goes on, and can be let go", async () => {
  serve(() => ({ ...answer("coffee"), regions: [{ x: 0, y: 0, width: 0.5, height: 0.5 }] }));
  search.enter(new URLSearchParams("url=http://x/a.jpg&tag=comics&tag=old"));
  await settled();
  assert.deepEqual([...search.element.querySelectorAll(".chip")].map((one) => one.firstChild.textContent), ["comics", "old"]);
  /** @type {HTMLElement} */ (search.element.querySelector(".number")).click();
  search.element.querySelector(".chip button").click();
  buttonOf("New search", search.element).click();
  assert.deepEqual(gone.map(([address]) => decodeURIComponent(address)), ["/?url=http://x/a.jpg&region=0,0,0.5,0.5&tag=comics&tag=old", "/?url=http://x/a.jpg&tag=old", "/?tag=comics&tag=old"]);
});

test("another part of a file is asked with under the same key", async () => {
  const key = keep(new File(["x"], "a.jpg"));
  const asked = serve(() => ({ ...answer("coffee"), regions: [{ x: 0, y: 0, width: 0.5, height: 0.5 }] }));
  search.enter(new URLSearchParams(), key);
  await settled();
  /** @type {HTMLElement} */ (search.element.querySelector(".number")).click();
  assert.deepEqual(gone, [["/?region=0%2C0%2C0.5%2C0.5", key]]);
  serve((path, how) => (asked.push(how), { ...answer("cup"), regions: [{ x: 0, y: 0, width: 0.5, height: 0.5 }] }));
  search.enter(new URLSearchParams("region=0,0,0.5,0.5"), key);
  await settled();
  assert.equal(asked.at(-1).form.get("region"), "0,0,0.5,0.5");
  assert.equal(search.element.querySelector(".piece").getAttribute("aria-current"), "true");
});

test("what seems to be a picture of its own is counted as one reads", async () => {
  const [a, b, c] = [[0.5, 0.02], [0, 0], [0.1, 0.5]].map(([x, y]) => ({ x, y, width: 0.4, height: 0.4 }));
  serve(() => ({ ...answer("coffee"), regions: [c, a, b] }));
  await search.ask({ url: "http://x" });
  assert.deepEqual(search.pieces, [b, a, c]);
});

test("the tab says what was asked", async () => {
  serve(() => answer("coffee"));
  search.clear();
  for (const question of [{ url: "http://x/a.jpg" }, { like: 3 }, { file: new File(["x"], "b.jpg") }]) search.ask(question);
  assert.deepEqual(titles, [null, "x/a.jpg", "Search from here #3", "b.jpg"]);
});

test("as many more as there are come with one press, and the answer stays meanwhile", async () => {
  const many = Array.from({ length: 5 }, (_, index) => matched({ id: index + 1, name: `${index}` }));
  const asked = serve(() => ({ ...answer("x"), matches: many }));
  search.ask({ url: "http://x/1" });
  await settled();
  buttonOf("Show more").click();
  assert.ok(search.element.querySelector("#more").disabled);
  assert.equal(search.element.querySelectorAll(".card").length, 5);
  await settled();
  assert.deepEqual(asked.map(({ json }) => json.limit), [5, 50]);
  assert.equal(buttonOf("Show more"), undefined);
});

test("a match can be compared by its address, which looks further for it", async () => {
  globalThis.ResizeObserver = class { observe() {} };
  const asked = serve((path, { json }) => ({ ...answer("x"), matches: json.limit === 5 ? [matched()] : [matched(), matched({ id: 30, name: "far", width: 4, height: 3 })] }));
  search.enter(new URLSearchParams("url=http://x/1&compare=30"));
  await settled();
  assert.deepEqual(asked.map(({ json }) => json.limit), [5, 50]);
  assert.equal(search.element.querySelector("h1").textContent, "Two pictures compared");
  buttonOf("Back to the answer").click();
  assert.deepEqual(gone, [["/?url=http%3A%2F%2Fx%2F1"]]);
});

test("an earlier question is given up, and its answer not shown", async () => {
  const waiting = [];
  const asked = serve(() => new Promise((resolve) => waiting.push(resolve)));
  search.ask({ url: "http://x/1" });
  await settled();
  assert.equal(search.element.getAttribute("aria-busy"), "true");
  search.ask({ url: "http://x/2" });
  await settled();
  assert.deepEqual(asked.map(({ signal }) => signal.aborted), [true, false]);
  waiting[1](answer("second"));
  await settled();
  waiting[0](answer("first"));
  await settled();
  assert.deepEqual(headings(), ["1 match", "Match 1: second"]);
  assert.equal(search.element.getAttribute("aria-busy"), "false");
});

test("leaving gives the question up", async () => {
  const asked = serve(() => new Promise(() => {}));
  search.ask({ url: "http://x/1" });
  await settled();
  search.leave();
  assert.equal(asked[0].signal.aborted, true);
});

test("what may be otherwise the next time can be tried again", async () => {
  let isBusy = true;
  serve(() => (isBusy ? problem(503, "library_busy") : answer("coffee")));
  search.ask({ url: "http://x/1" });
  await settled();
  assert.equal(search.element.querySelector("[role=alert] p").textContent, "The library is busy; try again in a moment.");
  isBusy = false;
  buttonOf("Try again").click();
  await settled();
  assert.deepEqual(headings(), ["1 match", "Match 1: coffee"]);
});

test("what will not change is not offered again; the question can be corrected", async () => {
  serve(() => problem(422, "url_refused"));
  search.ask({ url: "http://localhost/" });
  await settled();
  assert.equal(buttonOf("Try again"), undefined);
  assert.equal(search.element.querySelector("#link").value, "http://localhost/");
});

test("where a key is needed, the way is to sign in", async () => {
  serve(() => problem(401, "key_required"));
  search.ask({ like: 1 });
  await settled();
  buttonOf("Sign in", search.element).click();
  assert.deepEqual(gone, ["keys"]);
});

test("the nearest are asked for with the same question, and the answer stays meanwhile", async () => {
  const asked = serve(() => ({ ...answer("x"), matches: [] }));
  search.ask({ url: "http://x/1" });
  await settled();
  buttonOf("Show the nearest anyway").click();
  assert.ok(search.element.querySelector("#answer"));
  await settled();
  assert.deepEqual(asked.map(({ json }) => json.weak), [false, true]);
  assert.equal(buttonOf("Show the nearest anyway"), undefined);
});

test("a link that is typed becomes an address", () => {
  serve(() => answer("x"));
  search.clear();
  search.element.querySelector("#link").value = " http://x/?a=1&b=2 ";
  search.element.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  assert.deepEqual(gone, [["/?url=http%3A%2F%2Fx%2F%3Fa%3D1%26b%3D2"]]);
});

test("an empty library offers samples, once", async () => {
  await opened({ samples: { offered: true, present: false, queries: [], removable: false } });
  const asked = serve((path) => (path === "/v1/server" ? about({ samples: { offered: false, present: true, queries: ["crop"], removable: true } }) : {}));
  search.clear();
  const add = buttonOf("Add sample pictures");
  add.click();
  add.click();
  assert.equal(add.textContent, "Adding sample pictures…");
  await settled();
  assert.deepEqual(asked.filter(({ method }) => method === "POST").map(({ path }) => path), ["/v1/samples"]);
  assert.equal(toast(), "The samples are in the library.");
  assert.ok(buttonOf("A piece cut out"));
});

test("a sample is asked with as a file", async () => {
  await opened({ samples: { offered: false, present: true, queries: ["mirror"], removable: false } });
  serve(() => new Response("jpeg"));
  search.clear();
  assert.equal(buttonOf("Remove the samples"), undefined);
  buttonOf("Mirrored").click();
  await settled();
  assert.deepEqual(gone, [["mirror.jpg", "/"]]);
});

test("the samples are removed, and only the admin can undo that", async () => {
  const removable = { offered: false, present: true, queries: [], removable: true };
  for (const [access, undo] of [["none", undefined], ["admin", "op-5"]]) {
    await opened({ access, samples: removable });
    const asked = serve((path) => (path === "/v1/samples" ? { operation_id: "op-5" } : about({ access })));
    search.clear();
    buttonOf("Remove the samples").click();
    await settled();
    assert.deepEqual(asked.filter(({ method }) => method === "DELETE").map(({ path }) => path), ["/v1/samples"]);
    assert.equal(toast(), "The samples are removed.");
    assert.equal(Boolean(buttonOf("Undo")), Boolean(undo));
  }
});
