import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Duplicates } = await import("../../../api/web/duplicates.js");
await use("en");

const image = (id, more = {}) => ({ id, name: `${id}.jpg`, title: null, width: 800, height: 600, byte_size: 120_000, links: { file: `/f/${id}`, thumbnail: `/t/${id}` }, ...more });
const group = (...ids) => ({ images: ids.map((id) => image(id)) });
const found = (groups, more = {}) => ({ groups, total: groups.length, waiting: 0, next_cursor: null, ...more });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const says = (view) => view.element.querySelector("[role=status]").textContent;

let view;
let gone;

/** The view, in a window where `access` is given; `answer` speaks for the list. */
async function opened(answer, access = "admin") {
  serve(() => about({ access }));
  await api.refresh();
  const asked = serve(answer);
  gone = [];
  view = new Duplicates({ go: (address) => gone.push(address), openKeys: () => gone.push("keys"), searchFiles: () => {} });
  document.getElementById("main").replaceChildren(view.element);
  view.enter();
  await settled();
  return asked;
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  view.leave();
  mock.timers.reset();
});

test("groups stand side by side, the best marked", async () => {
  await opened(() => found([group(1, 2), group(3, 4, 5)]));
  assert.equal(says(view), "2 groups.");
  assert.deepEqual([...view.element.querySelectorAll(".group")].map((one) => one.getAttribute("aria-label")), ["Group 1", "Group 2"]);
  const twins = view.element.querySelectorAll(".group")[1].querySelectorAll(".twins li");
  assert.deepEqual([...twins].map((one) => one.className), ["best", "", ""]);
  assert.ok(twins[0].textContent.includes("800 × 600 pixels120\u00a0kB"));
});

test("without the admin key there is nothing to decide, but a way to sign in", async () => {
  await opened(() => found([group(1, 2)]), "none");
  assert.equal(buttonOf("Keep the best"), undefined);
  buttonOf("Sign in").click();
  assert.deepEqual(gone, ["keys"]);
});

test("that there are none is said", async () => {
  await opened(() => found([]));
  assert.equal(says(view), "There are no near-duplicates here.");
});

const decisions = [
  ["Keep the best", "best", [2], "1 picture is removed."],
  ["Keep all", "all", [], "They are all kept."],
  ["These are different", "different", [], "Remembered: these are different pictures."],
];
for (const [label, keep, removed, told] of decisions) {
  test(`"${label}" is sent for the whole group, said, and can be undone`, async () => {
    const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: "op-9", removed } : found([group(1, 2)])));
    buttonOf(label).click();
    await settled();
    const [decided] = asked.filter(({ method }) => method === "POST");
    assert.deepEqual(decided.json, { images: [1, 2], keep });
    assert.equal(toast(), told);
    buttonOf("Undo").click();
    await settled();
    assert.equal(asked.filter(({ path }) => path === "/v1/operations/op-9/undo").length, 1);
    assert.equal(asked.at(-1).path, "/v1/duplicates?limit=20"); // and looks again
  });
}

test("a decision that changed nothing has nothing to undo", async () => {
  await opened((path) => (path === "/v1/duplicates" ? { operation_id: null, removed: [] } : found([group(1, 2)])));
  buttonOf("Keep all").click();
  await settled();
  assert.equal(buttonOf("Undo"), undefined);
});

test("the second half of a double click decides nothing", async () => {
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: "op", removed: [2] } : found([group(1, 2), group(3, 4)])));
  const keep = buttonOf("Keep the best");
  keep.click();
  keep.click();
  await settled();
  assert.equal(asked.filter(({ method }) => method === "POST").length, 1);
  buttonOf("Keep the best").click(); // the next one counts again
  await settled();
  assert.equal(asked.filter(({ method }) => method === "POST").length, 2);
});

test("a decision that is refused is said, and the list is looked at again", async () => {
  const asked = await opened((path) => (path === "/v1/duplicates" ? problem(409, "not_duplicates") : found([group(1, 2)])));
  const before = asked.length;
  buttonOf("Keep all").click();
  await settled();
  assert.equal(toast(), "These pictures are no longer a group of near-duplicates.");
  assert.equal(asked.length, before + 2);
});

test("while pictures have yet to be compared, it looks again; then no more", async () => {
  let waiting = 2;
  const asked = await opened(() => found([group(1, 2)], { waiting }));
  assert.equal(says(view), "1 group. 2 pictures have yet to be compared…");
  waiting = 0;
  mock.timers.tick(400);
  await settled();
  assert.deepEqual([asked.length, says(view)], [2, "1 group."]);
  mock.timers.tick(60_000);
  await settled();
  assert.equal(asked.length, 2);
});

test("nothing is looked at after the view was left", async () => {
  const asked = await opened(() => found([], { waiting: 5 }));
  view.leave();
  mock.timers.tick(60_000);
  await settled();
  assert.equal(asked.length, 1);
});

test("an earlier look that comes late draws nothing", async () => {
  const looks = [];
  let isSlow = false;
  await opened(() => (isSlow ? new Promise((resolve) => looks.push(resolve)) : found([])));
  isSlow = true;
  const [first, second] = [view.load(), view.load()];
  await settled();
  looks[1](found([group(1, 2), group(3, 4)]));
  await second;
  looks[0](found([group(1, 2)]));
  await first;
  assert.equal(view.element.querySelectorAll(".group").length, 2);
});

test("a server that is busy is asked again when it says, and the groups stay", async () => {
  let isBusy = false;
  const asked = await opened(() => (isBusy ? problem(503, "at_capacity", { wait: 3 }) : found([group(1, 2)], { waiting: 1 })));
  isBusy = true;
  mock.timers.tick(400);
  await settled();
  assert.equal(view.element.querySelectorAll(".group").length, 1);
  assert.equal(view.element.querySelector("[role=alert]"), null);
  mock.timers.tick(2_900);
  await settled();
  assert.equal(asked.length, 2);
  mock.timers.tick(200);
  await settled();
  assert.equal(asked.length, 3);
});

test("a failure is said, with a way to try again", async () => {
  let isDown = true;
  await opened(() => (isDown ? problem(500, "internal_error") : found([group(1, 2)])));
  assert.equal(view.element.querySelector("[role=alert]").textContent, "The server has a problem. Its log says more.");
  isDown = false;
  buttonOf("Try again").click();
  await settled();
  assert.equal(view.element.querySelectorAll(".group").length, 1);
});

test("where a key is needed, the way is to sign in", async () => {
  await opened(() => problem(401, "key_required"), "none");
  buttonOf("Sign in").click();
  assert.deepEqual(gone, ["keys"]);
});

test("more groups are shown on demand, and stay when it looks again", async () => {
  const asked = await opened((path) =>
    path.includes("cursor=") ? found([group(3, 4)], { total: 2 }) : found([group(1, 2)], { total: 2, next_cursor: "abc" }),
  );
  buttonOf("Show more").click();
  await settled();
  assert.deepEqual([view.element.querySelectorAll(".group").length, document.activeElement.getAttribute("aria-label")], [2, "Group 2"]);
  assert.equal(buttonOf("Show more"), undefined);
  await view.load();
  assert.equal(view.element.querySelectorAll(".group").length, 2);
  assert.deepEqual(asked.slice(-2).map(({ path }) => path), ["/v1/duplicates?limit=20", "/v1/duplicates?limit=20&cursor=abc"]);
});

test("another than the best can be kept, and what was left is said", async () => {
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: 9, removed: [1], left: [3] } : found([group(1, 2, 3)])));
  const keep = [...view.element.querySelectorAll(".twins button")];
  assert.deepEqual(keep.map((one) => one.getAttribute("aria-label")), ["Keep this one: 2.jpg", "Keep this one: 3.jpg"]);
  keep[0].click();
  await settled();
  const [decided] = asked.filter(({ method }) => method === "POST");
  assert.deepEqual(decided.json, { images: [1, 2, 3], keep: "best", keeper: 2 });
  assert.equal(toast(), "1 picture is removed. 1 stays, for it is no near-duplicate of the one kept.");
});

test("parts of others are shown by themselves, with nothing to remove", async () => {
  const pairs = { contains: [{ part: image(1), whole: image(2), p_same: 0.99 }], contains_total: 3 };
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: 9, removed: [] } : found([], pairs)));
  const section = view.element.querySelector(".contains");
  assert.deepEqual([...section.querySelectorAll(".badge")].map((one) => one.textContent), ["Part", "Whole"]);
  assert.ok(section.textContent.includes("2 more such pairs"));
  assert.deepEqual([...section.querySelectorAll("button")].map((one) => one.textContent), ["Don’t show again"]);
  buttonOf("Don’t show again").click();
  await settled();
  assert.deepEqual(asked.find(({ method }) => method === "POST").json, { images: [1, 2], keep: "all" });
});

test("variants are groups to look through, with nothing to remove", async () => {
  const asked = await opened((path) => {
    if (!path.includes("lane=variant")) return found([group(1, 2)], { variants: 2 });
    return path.includes("cursor=") ? found([group(7, 8)], { variants: 2 }) : found([group(5, 6)], { variants: 2, next_cursor: "5" });
  });
  const section = () => view.element.querySelector(".similar");
  assert.deepEqual([...section().querySelectorAll("button")].map((one) => one.textContent), ["Don’t show again", "Show more"]);
  assert.equal(says(view), "1 group."); // of near-duplicates
  buttonOf("Show more").click();
  await settled();
  assert.equal(section().querySelectorAll(".group").length, 2);
  assert.equal(document.activeElement.getAttribute("aria-label"), "Similar pictures, group 2");
  await view.load();
  assert.equal(section().querySelectorAll(".group").length, 2);
  assert.deepEqual(asked.slice(-3).map(({ path }) => path), ["/v1/duplicates?limit=20", "/v1/duplicates?limit=20&lane=variant", "/v1/duplicates?limit=20&lane=variant&cursor=5"]);
});

test("where there are no variants, none are asked for, and without the key nothing is to be pressed", async () => {
  const asked = await opened((path) => found(path.includes("variant") ? [group(5, 6)] : [group(1, 2)], { variants: 0 }), "none");
  assert.ok(asked.every(({ path }) => !path.includes("variant")));
  assert.equal(view.element.querySelector(".similar"), null);
  assert.equal(view.element.querySelectorAll(".group button").length, 0);
});
