import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, matched, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Search } = await import("../../../api/web/search.js");
await use("en");

const answer = (name) => ({ query: { preview: "data:,x", width: 6, height: 4 }, timings_ms: { total: 1 }, library_size: 6, calibrated: true, matches: [matched({ name })] });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const headings = () => [...search.element.querySelectorAll("h1, h3")].map((one) => one.textContent);

let search;
let gone;

async function opened(said = {}) {
  serve(() => about(said));
  await api.refresh();
  gone = [];
  search = new Search({
    go: (...how) => gone.push(how),
    refresh: api.refresh,
    openKeys: () => gone.push("keys"),
    searchFiles: (files) => gone.push(files.map(({ name }) => name)),
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

test("a file lies in the history, not in the address", async () => {
  const asked = serve(() => answer("coffee"));
  search.enter(new URLSearchParams(), { file: new File(["x"], "a.jpg") });
  await settled();
  assert.equal(asked[0].form.get("file").name, "a.jpg");
  assert.deepEqual(headings(), ["1 match", "Match 1: coffee"]);
  assert.equal(document.activeElement.id, "answer");
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
  assert.deepEqual(gone, [["mirror.jpg"]]);
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
