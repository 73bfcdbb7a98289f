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

/** The view of a kind, in a window where `access` is given; `answer` speaks for the list. */
async function opened(answer, access = "admin", kind = "") {
  serve(() => about({ access }));
  await api.refresh();
  const asked = serve(answer);
  gone = [];
  view = new Duplicates({ go: (address) => gone.push(address), openKeys: () => gone.push("keys"), searchFiles: () => {} });
  document.getElementById("main").replaceChildren(view.element);
  view.enter(new URLSearchParams(kind && { kind }));
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
    assert.equal(says(view), "There are no near-duplicates here.");
    buttonOf("Undo").click();
    await settled();
    assert.deepEqual(asked.map(({ path }) => path), ["/v1/duplicates?limit=20", "/v1/duplicates", "/v1/operations/op-9/undo"]); // nothing is looked at anew
    assert.deepEqual([view.element.querySelectorAll(".group").length, says(view)], [1, "1 group."]);
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
  assert.equal(view.element.querySelectorAll(".group").length, 0);
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
  assert.ok(buttonOf("Show more").hidden);
  const [first] = view.element.querySelectorAll(".group");
  await view.load();
  assert.equal(view.element.querySelectorAll(".group").length, 2);
  assert.equal(view.element.querySelector(".group"), first); // as it was
  assert.deepEqual(asked.map(({ path }) => path), ["/v1/duplicates?limit=20", "/v1/duplicates?limit=20&cursor=abc", "/v1/duplicates?limit=20"]);
});

test("another than the best can be kept, and what was left is said", async () => {
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: 9, removed: [1], left: [3] } : found([group(1, 2, 3)])));
  const keep = [...view.element.querySelectorAll(".twins button")].filter((one) => one.textContent === "Keep this one");
  assert.deepEqual(keep.map((one) => one.getAttribute("aria-label")), ["Keep this one: 2.jpg", "Keep this one: 3.jpg"]);
  keep[0].click();
  await settled();
  const [decided] = asked.filter(({ method }) => method === "POST");
  assert.deepEqual(decided.json, { images: [1, 2, 3], keep: "best", keeper: 2 });
  assert.equal(toast(), "1 picture is removed. 1 stays, for it is no near-duplicate of the one kept.");
});

test("what was left of a group may be one of its own: it is looked at again", async () => {
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: 9, removed: [1], left: [3, 4] } : found([group(1, 2, 3, 4)])));
  buttonOf("Keep the best").click();
  await settled();
  assert.equal(asked.at(-1).path, "/v1/duplicates?limit=20");
});

test("what the one that is kept gains from the others is said of each", async () => {
  const pictures = [
    image(1, { tags: ["cup"], title: null, source_url: null, page_url: null }),
    image(2, { tags: ["cup", "table"], title: "A cup", source_url: "http://x/", page_url: null }),
    image(3, { tags: ["red"], title: "Cup", source_url: null, page_url: null }),
  ];
  const gained = () => [...view.element.querySelectorAll(".twins > li")].map((one) => one.querySelector(".gains")?.textContent);
  await opened(() => found([{ images: pictures }]));
  assert.deepEqual(gained(), ["Kept, it gains: tags table, red · the title “A cup” · the link to its source", "Kept, it gains: tags red", "Kept, it gains: tags cup, table · the link to its source"]);
  await opened(() => found([{ images: pictures }]), "none");
  assert.deepEqual(gained(), [undefined, undefined, undefined]);
});

test("what there is of each kind has a tab of its own", async () => {
  const counts = { variants: 2, contains_total: 3, equal_total: 1200 };
  await opened(() => found([group(1, 2)], counts));
  const tabs = [...view.element.querySelectorAll(".tabs a")];
  assert.deepEqual(tabs.map((one) => one.textContent), ["Near-duplicates 1", "Equal pixels 1,200", "Part of another 3", "Similar, to look through 2"]);
  assert.deepEqual(tabs.map((one) => one.getAttribute("aria-current")), ["page", null, null, null]);
  tabs[2].dispatchEvent(new Event("click", { cancelable: true }));
  assert.deepEqual(gone, ["/?view=duplicates&kind=parts"]);
  await opened(() => found([group(1, 2)])); // of an older server
  assert.equal(view.element.querySelectorAll(".tabs a").length, 1);
});

test("parts of others are shown by themselves, with nothing to remove", async () => {
  const pairs = { contains: [{ part: image(1), whole: image(2), p_same: 0.99 }], contains_total: 3 };
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: 9, removed: [] } : found([], pairs)), "admin", "parts");
  assert.deepEqual([...view.element.querySelectorAll(".badge")].map((one) => one.textContent), ["Part", "Whole"]);
  assert.ok(view.element.textContent.includes("2 more such pairs"));
  assert.deepEqual([...view.element.querySelectorAll(".group button")].map((one) => one.textContent), ["Don’t show again", "Compare"]);
  buttonOf("Don’t show again").click();
  await settled();
  assert.deepEqual(asked.find(({ method }) => method === "POST").json, { images: [1, 2], keep: "all" });
});

test("variants are groups to look through, with nothing to remove", async () => {
  const answer = (path) => {
    if (!path.includes("lane=variant")) return found([group(1, 2)], { variants: 2 });
    return path.includes("cursor=") ? found([group(7, 8)], { variants: 2 }) : found([group(5, 6)], { variants: 2, next_cursor: "5" });
  };
  const asked = await opened(answer, "admin", "similar");
  assert.deepEqual([...view.element.querySelectorAll(".group button")].map((one) => one.textContent), ["Don’t show again", "Compare"]);
  assert.equal(says(view), "2 groups.");
  buttonOf("Show more").click();
  await settled();
  assert.equal(document.activeElement.getAttribute("aria-label"), "Similar pictures, group 2");
  await view.load();
  assert.equal(view.element.querySelectorAll(".group").length, 2);
  const paths = ["limit=20", "limit=20&lane=variant", "limit=20&lane=variant&cursor=5", "limit=20", "limit=20&lane=variant"];
  assert.deepEqual(asked.map(({ path }) => path), paths.map((wanted) => `/v1/duplicates?${wanted}`));
});

test("without the key there is nothing to be pressed but to compare", async () => {
  await opened(() => found([group(5, 6)], { variants: 1 }), "none", "similar");
  assert.deepEqual([...view.element.querySelectorAll(".group button")].map((one) => one.textContent), ["Compare"]);
});

const press = (key, more = {}) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
const focused = () => document.activeElement.getAttribute("aria-label");

test("by keys one goes from group to group, decides, and takes it back", async () => {
  const asked = await opened((path) => (path === "/v1/duplicates" ? { operation_id: "op", removed: [2] } : found([group(1, 2), group(3, 4), group(5, 6)])));
  view.element.querySelector(".group").focus();
  for (const [key, now] of [["j", "Group 2"], ["ArrowDown", "Group 3"], ["j", "Group 3"], ["k", "Group 2"], ["ArrowUp", "Group 1"]]) {
    press(key);
    assert.equal(focused(), now, key);
  }
  press("b", { ctrlKey: true });
  press("b");
  await settled();
  assert.deepEqual([focused(), view.element.querySelectorAll(".group").length], ["Group 2", 2]);
  press("u");
  await settled();
  assert.deepEqual([focused(), view.element.querySelectorAll(".group").length], ["Group 1", 3]);
  press("d");
  await settled();
  assert.deepEqual(asked.map(({ json }) => json).filter(Boolean), [{ images: [1, 2], keep: "best" }, { images: [1, 2], keep: "different" }]);
});

/** A server with so many groups of equal pixels, of two pictures each. */
function equals(count) {
  const all = Array.from({ length: count }, (_, index) => group(2 * index + 1, 2 * index + 2));
  let operation = 0;
  return (path, { json }) => {
    if (path === "/v1/duplicates/best") return { operation_id: `op-${(operation += 1)}`, removed: json.groups.map(([, copy]) => copy), left: [] };
    if (path.includes("undo")) return {};
    const wanted = new URLSearchParams(path.split("?")[1]);
    const from = Number(wanted.get("cursor") ?? 0);
    const to = from + Number(wanted.get("limit"));
    return found(all.slice(from, to), { total: count, equal_total: count, next_cursor: to < count ? String(to) : null });
  };
}

test("all groups of equal pixels are decided on at once, those further down too, but not those left out", async () => {
  const asked = await opened(equals(1203), "admin", "equal");
  assert.equal(view.element.querySelectorAll(".group").length, 20);
  const [, second] = view.element.querySelectorAll(".group input");
  second.checked = false;
  second.dispatchEvent(new Event("change"));
  buttonOf("Keep the best of 1,202 groups").click();
  for (let turn = 0; turn < 40; turn += 1) await settled();
  const sent = asked.filter(({ path }) => path === "/v1/duplicates/best").map(({ json }) => json.groups);
  assert.deepEqual(sent.map((groups) => groups.length), [500, 500, 202]);
  assert.ok(!sent.flat().some(([best]) => best === 3));
  assert.equal(view.element.querySelector(".outcome h2").textContent, "1,202 pictures are removed.");
  assert.equal(view.element.querySelectorAll(".outcome li").length, 3);
  buttonOf("Undo", view.element.querySelectorAll(".outcome li")[1]).click();
  await settled();
  buttonOf("Undo all of it").click();
  await settled();
  const undone = asked.map(({ path }) => path).filter((path) => path.includes("undo"));
  assert.deepEqual(undone, [2, 3, 1].map((number) => `/v1/operations/op-${number}/undo`)); // the latest first
  assert.equal(buttonOf("Undo all of it"), undefined);
});

test("without the key the groups of equal pixels are to be looked at only", async () => {
  await opened(equals(2), "none", "equal");
  assert.equal(view.element.querySelectorAll("input, #keep-all-best").length, 0);
});
