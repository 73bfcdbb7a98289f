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

const image = (name) => ({ id: 4, name, title: null, links: { page: "/?image=4", thumbnail: "/t" } });
const added = (more = {}) => ({ id: 1, status: "added", operation_id: 7, near: [], page: false, warnings: [], removed_before: null, image: image("a"), ...more });

let adding;
let went;
let grown;
let asked;
let answers; // of links, by their ends

const said = (row) => `${row.querySelector(".name").textContent}: ${row.querySelector(".said").textContent}`;
const rows = () => [...adding.element.querySelectorAll(".entries li")].map(said);
const sums = () => [...adding.element.querySelectorAll(".about .fine")].map((one) => one.textContent);
const summary = () => adding.element.querySelector(".sum").textContent;

/** Until all is answered and drawn. */
async function drawn() {
  await settled();
  await pause(250);
  await settled();
}

async function give(...ends) {
  adding.addUrls(ends.map((end) => `http://x/${end}`));
  await drawn();
}

beforeEach(() => {
  localStorage.clear();
  [went, grown, answers] = [[], 0, {}];
  asked = serve((path, { json }) => {
    if (path === "/v1/operations") return { operation_id: 7 };
    if (path === "/v1/images") return answers[json.url.split("/").at(-1)] ?? added();
    if (path === "/v1/images/9") return answers.near ?? image("twin.jpg");
    return path.endsWith("/undo") ? {} : assert.fail(path);
  });
  adding = new Adding({ go: (address) => went.push(address) }, async function count() {
    grown += Number(adding.grown === count);
  });
  document.getElementById("main").replaceChildren(adding.element);
  adding.render();
});

test("failures come first, with their reason, then what is nearly here already", async () => {
  answers = { b: problem(415, "not_an_image"), c: added({ near: [9, 4] }), d: added({ status: "duplicate", operation_id: null, image: image("old.jpg") }) };
  await give("a", "b", "c", "d");
  await drawn();
  assert.deepEqual(rows().map((row) => row.replace(/ If it is.*/, "")), [
    "http://x/b: not added: This is not a picture that can be read.",
    "http://x/c: added; nearly the same as “twin.jpg”",
    "http://x/a: added",
    "http://x/d: already here as “old.jpg”",
  ]);
  assert.equal(summary(), "2 added, 1 already here, 1 nearly the same as another, 1 not added");
  adding.element.querySelector(".is-duplicate a").click();
  assert.deepEqual(went, ["/?image=4"]);
});

test("nearly the same picture that is gone meanwhile is not linked to", async () => {
  answers = { a: added({ near: [9] }), near: problem(404, "unknown_image") };
  await give("a");
  assert.deepEqual(rows(), ["http://x/a: added"]);
});

test("tags typed later do not change an earlier drop; each drop has its own undo", async () => {
  adding.tags = " red, , big house ";
  await give("a");
  adding.tags = "blue";
  await give("b", "c");
  assert.deepEqual(sums(), ["2 added · Tags: blue", "1 added · Tags: red, big house"]);
  assert.deepEqual(asked.filter(({ path }) => path === "/v1/images").map(({ json }) => json.tags.join()), ["red,big house", "blue", "blue"]);
  [...adding.element.querySelectorAll(".a-drop")][1].querySelector("button").click();
  await drawn();
  assert.deepEqual([asked.at(-1).path, sums()], ["/v1/operations/7/undo", ["2 added · Tags: blue"]]);
});

test("a long drop is shown in part", async () => {
  adding.queue.stop();
  await give(...Array.from({ length: 200 }, (_, at) => at));
  assert.deepEqual([rows().length, sums()], [30, ["200 waiting"]]);
  assert.match(adding.element.textContent, /and 170 more/);
  buttonOf("Show more").click();
  assert.equal(rows().length, 130);
});

test("what came of it is said in the language that is the reader's now", async () => {
  await give("a");
  await use("de");
  adding.render();
  assert.deepEqual(rows(), ["http://x/a: hinzugefügt"]);
  await use("en");
});

test("a picture of a web page, what is to know of it, and that it was removed before, are said", async () => {
  answers = {
    a: added({ page: true, warnings: [{ code: "cut_short", message: "The server's words." }] }),
    b: added({ status: "restored", removed_before: { id: 3, at: "2026-05-01T12:00:00Z" } }),
  };
  await give("a", "b");
  assert.match(rows()[0], /^http:\/\/x\/a: added · From the web page's preview picture\.The file breaks off/);
  assert.match(rows()[1], /added again; it was removed on May 1, 2026/);
});

test("the library is looked at anew at most once a second", async () => {
  await give("a", "b", "c");
  assert.equal(grown, 0);
  await pause(1000);
  assert.equal(grown, 1);
  await pause(1200);
  assert.equal(grown, 1);
});

test("buttons are there for what can be done", async () => {
  const names = () => ["Stop", "Continue", "Try now", "Try the failed again", "Clear the list"].filter((name) => buttonOf(name));
  assert.deepEqual(names(), []);
  answers = { a: problem(503, "at_capacity", { wait: 60 }) };
  await give("a");
  assert.deepEqual(names(), ["Stop", "Try now", "Clear the list"]);
  assert.match(adding.element.querySelector(".note").textContent, /^Many are searching right now; .* It is tried again at /);
  buttonOf("Stop").click();
  await drawn();
  assert.deepEqual(names(), ["Continue", "Try now", "Clear the list"]);
  answers = { a: problem(422, "damaged_image") };
  buttonOf("Continue").click();
  buttonOf("Try now").click();
  await drawn();
  assert.deepEqual([names(), rows()], [["Try the failed again", "Clear the list"], ["http://x/a: not added: The picture is damaged or incomplete."]]);
  buttonOf("Clear the list").click();
  await drawn();
  assert.deepEqual([names(), rows()], [[], []]);
});
