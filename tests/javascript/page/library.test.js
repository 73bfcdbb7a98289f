import assert from "node:assert/strict";
import { test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

const view = openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Library } = await import("../../../api/web/library.js");
const { openDialogs } = await import("../../../api/web/shared/dialog.js");
await use("en");

const image = (id, more = {}) => ({ id, name: `${id}.jpg`, title: null, tags: [], width: 8, height: 6, byte_size: 1200, created_at: "2024-03-05T12:00:00Z", taken_at: null, page_url: null, source_url: null, links: { file: `/f/${id}`, thumbnail: `/t/${id}` }, ...more });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const names = () => [...library.element.querySelectorAll(".gallery .name")].map((one) => one.textContent);
const says = () => library.element.querySelector(".found [role=status]").textContent;
const waited = async (ms) => {
  await new Promise((resolve) => setImmediate(resolve));
  const until = Date.now() + ms;
  while (Date.now() < until) await new Promise((resolve) => setImmediate(resolve));
  await settled();
};

let library;
let gone;

/** The view for an address; `images()` are those in the library, `act` speaks for what changes them. */
async function opened(images, { access = "none", wanted = "", act = () => ({}), days = null } = {}) {
  const say = (path, how) => {
    const [where, query] = path.split("?");
    const asked = new URLSearchParams(query);
    if (path === "/v1/server") return about({ access });
    if (path === "/v1/tags") return { tags: [{ tag: "red", pictures: 1200 }] };
    if (path.startsWith("/v1/duplicates")) return { total: 3 };
    if (how.method !== "GET") return act(path, how);
    const there = images();
    if (there instanceof Response) return there;
    if (where === "/v1/images/days") return { total: there.length, days: days ?? (there.length ? [{ day: "2024-03-05", pictures: there.length }] : []) };
    const one = /^\/v1\/images\/(\d+)(\/place)?$/.exec(where);
    if (one?.[2]) return { offset: there.findIndex(({ id }) => id === Number(one[1])), total: there.length, previous: null, next: null };
    if (one) return there.find(({ id }) => id === Number(one[1]));
    const offset = Number(asked.get("offset"));
    return { images: there.slice(offset, offset + Number(asked.get("limit"))), total: offset ? null : there.length, next_cursor: null };
  };
  library?.leave();
  const asked = serve(say);
  await api.refresh();
  gone = [];
  history.replaceState(null, "", "/?view=library");
  library = new Library({ go: (address) => gone.push(address), refresh: api.refresh, openKeys: () => gone.push("keys"), searchFiles: (files) => gone.push(files) });
  document.getElementById("main").replaceChildren(library.element);
  openDialogs().forEach((dialog) => dialog.close());
  library.enter(new URLSearchParams(wanted));
  await settled();
  return asked;
}

const click = (element, how = {}) => element.dispatchEvent(new view.MouseEvent("click", { bubbles: true, cancelable: true, ...how }));
const press = (element, key, how = {}) => element.dispatchEvent(new view.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...how }));
const tile = (id) => document.getElementById(`image-${id}`);
const chosen = () => library.selection.ids();

test("pictures are shown as the server gives them, below their days, with how many there are", async () => {
  const days = [{ day: "2024-03-05", pictures: 1 }, { day: null, pictures: 1 }];
  await opened(() => [image(2, { title: "Two" }), image(1)], { days });
  assert.deepEqual(names(), ["Two", "1.jpg"]);
  assert.equal(says(), "2 pictures");
  assert.deepEqual([...library.element.querySelectorAll(".gallery h2")].map((one) => one.textContent), ["Tuesday, March 5, 2024", "Without a date"]);
  assert.equal(library.element.querySelector("#duplicates").textContent, "3 groups of near-duplicates");
  assert.equal(library.element.querySelector("#tag").textContent, "All tagsred (1,200)");
  assert.equal(tile(2).getAttribute("href"), "/?image=2");
  assert.deepEqual([...library.element.querySelectorAll(".gallery li")].map((one) => one.getAttribute("aria-posinset")), ["1", "2"]);
});

test("sorted by name or size, there are no days", async () => {
  const asked = await opened(() => [image(1)], { wanted: "sort=size" });
  assert.equal(library.element.querySelector(".gallery h2"), null);
  assert.ok(!asked.some(({ path }) => path.includes("/days")));
  assert.ok(asked.some(({ path }) => path === "/v1/images?sort=size&offset=0&limit=100"));
});

test("filter and order are in the address, and asked for", async () => {
  const asked = await opened(() => [], { wanted: "words=cat+%26+dog&tag=gone&tag=old&order=asc" });
  assert.ok(asked.some(({ path }) => path.startsWith("/v1/images/days?utc_offset=") && path.endsWith("&words=cat+%26+dog&tag=gone&tag=old&order=asc")));
  assert.ok(library.element.textContent.includes("No picture passes this filter."));
  assert.deepEqual([...library.element.querySelectorAll(".chip")].map((one) => one.textContent), ["gone ×", "old ×"]);
  library.element.querySelector(".chip").click();
  const form = library.element.querySelector("form.filter");
  form.querySelector("#words").value = "bird";
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  form.querySelector("#order").click();
  buttonOf("Show all pictures").click();
  assert.deepEqual(gone, [
    "/?view=library&words=cat+%26+dog&tag=old&order=asc",
    "/?view=library&words=bird&tag=gone&tag=old&order=asc",
    "/?view=library&words=cat+%26+dog&tag=gone&tag=old",
    "/?view=library&order=asc",
  ]);
});

test("a picture leads to its page, which knows the gallery's order", async () => {
  await opened(() => [image(2), image(1)], { wanted: "tag=red" });
  click(tile(1));
  assert.deepEqual(gone, ["/?image=1&tag=red"]);
});

test("of many pictures only a few are in the document", async () => {
  const many = Array.from({ length: 5000 }, (_, index) => image(index + 1));
  const asked = await opened(() => many);
  assert.equal(says(), "5,000 pictures");
  assert.ok(library.element.querySelectorAll(".gallery li").length < 60);
  assert.ok(asked.filter(({ path }) => path.startsWith("/v1/images?")).length <= 2);
});

test("without the admin key nothing can be changed, but pictures can be taken along", async () => {
  await opened(() => [image(1)]);
  assert.equal(library.element.querySelector(".adding"), null);
  assert.equal(library.element.querySelector("#trash"), null);
  click(tile(1), { ctrlKey: true });
  const buttons = [...library.element.querySelectorAll(".selection-bar button")].map((one) => one.textContent);
  assert.deepEqual([gone, chosen(), buttons], [[], [1], ["Download", "Select all", "Clear selection"]]);
});

test("pictures are selected by their mark, by ctrl and shift, and by the keyboard", async () => {
  const images = [5, 4, 3, 2, 1].map((id) => image(id));
  await opened(() => images, { access: "admin" });
  const bar = library.element.querySelector(".selection-bar");
  assert.equal(bar.hidden, true);
  click(tile(5).parentNode.querySelector(".check"));
  assert.deepEqual([chosen(), bar.hidden, bar.querySelector("strong").textContent], [[5], false, "1 picture selected"]);
  assert.equal(tile(5).parentNode.querySelector(".check").getAttribute("aria-checked"), "true");
  click(tile(3), { shiftKey: true });
  await settled();
  assert.deepEqual(chosen(), [5, 4, 3]);
  click(tile(4), { ctrlKey: true });
  assert.deepEqual(chosen(), [5, 3]);
  press(document.body, "Escape");
  assert.deepEqual([chosen(), bar.hidden], [[], true]);
  tile(4).focus();
  press(tile(4), " ");
  press(tile(4), "ArrowRight", { shiftKey: true });
  await settled();
  assert.deepEqual([chosen(), document.activeElement.id], [[4, 3], "image-3"]);
  press(document.body, "a", { ctrlKey: true });
  await settled();
  assert.deepEqual([chosen(), gone], [[5, 4, 3, 2, 1], []]);
  click(tile(4), { ctrlKey: true });
  assert.deepEqual(chosen(), [5, 3, 2, 1]);
  buttonOf("Select all").click();
  await settled();
  assert.deepEqual(chosen(), [5, 4, 3, 2, 1]);
});

test("arrow keys move among the pictures, one of which Tab leads to", async () => {
  await opened(() => [image(3), image(2), image(1)]);
  const reached = () => [...library.element.querySelectorAll(".gallery a")].map((one) => one.tabIndex);
  assert.deepEqual(reached(), [0, -1, -1]);
  tile(3).focus();
  press(tile(3), "End");
  assert.deepEqual([document.activeElement.id, reached()], ["image-1", [-1, -1, 0]]);
  press(tile(1), "ArrowLeft");
  press(tile(2), "Enter");
  assert.deepEqual(gone, ["/?image=2"]);
});

test("what is selected is tagged, and that is undone at once", async () => {
  const asked = await opened(() => [image(2), image(1)], { access: "admin", act: () => ({ operation_id: 7, changed: 2 }) });
  click(tile(2), { ctrlKey: true });
  click(tile(1), { ctrlKey: true });
  buttonOf("Add tags").click();
  const form = openDialogs()[0].querySelector("form");
  form.querySelector("input").value = " mill, , river";
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
  const changes = asked.filter(({ method }) => method === "PATCH");
  assert.deepEqual(changes.map(({ path, json }) => [path, json]), [["/v1/images", { images: [2, 1], add_tags: ["mill", "river"] }]]);
  assert.deepEqual([toast(), openDialogs().length, chosen()], ["2 pictures are changed.", 0, [2, 1]]);
  buttonOf("Undo").click();
  await settled();
  assert.ok(asked.some(({ path }) => path === "/v1/operations/7/undo"));
  assert.deepEqual(chosen(), [2, 1]);
});

test("after a change that may move pictures, or take them out of what is shown, nothing is selected", async () => {
  for (const wanted of ["sort=name", "words=mill", "tag=red"]) {
    await opened(() => [image(2), image(1)], { access: "admin", wanted, act: () => ({ operation_id: 7, changed: 1 }) });
    click(tile(2), { ctrlKey: true });
    buttonOf("Remove tags").click();
    openDialogs()[0].querySelector("input").value = "red";
    openDialogs()[0].querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
    await settled();
    assert.deepEqual([toast(), chosen()], ["1 picture is changed.", []], wanted);
  }
});

test("titles by a pattern are shown for the first three before they are given", async () => {
  const asked = await opened(() => [5, 4, 3, 2].map((id) => image(id)), { access: "admin", act: () => ({ operation_id: 7, changed: 4 }) });
  press(document.body, "a", { ctrlKey: true });
  await settled();
  buttonOf("Retitle").click();
  await settled();
  const [dialog] = openDialogs();
  const examples = () => [...dialog.querySelectorAll(".examples li")].map((one) => one.textContent);
  assert.deepEqual(examples(), ["5", "4", "3"]);
  dialog.querySelector("input").value = "Mill {number}";
  dialog.querySelector("input").dispatchEvent(new Event("input"));
  assert.deepEqual(examples(), ["Mill 1", "Mill 2", "Mill 3"]);
  dialog.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
  assert.deepEqual(asked.find(({ method }) => method === "PATCH").json, { images: [5, 4, 3, 2], title: "Mill {number}" });
});

test("what is selected is removed; a refusal is said, and the selection stays", async () => {
  let refuses = true;
  const asked = await opened(() => [image(2), image(1)], { access: "admin", act: () => (refuses ? problem(503, "library_busy") : { operation_id: 8, removed: 1 }) });
  click(tile(2), { ctrlKey: true });
  buttonOf("Remove").click();
  await settled();
  assert.deepEqual([toast(), chosen()], ["The library is busy; try again in a moment.", [2]]);
  refuses = false;
  buttonOf("Remove").click();
  await settled();
  assert.deepEqual(asked.filter(({ method }) => method === "POST").at(-1).json, { images: [2] });
  assert.deepEqual([toast(), chosen()], ["1 picture is removed.", []]);
});

test("the gallery follows an addition, and pictures that are shown already are not loaded again", async () => {
  const images = [image(1)];
  await opened(() => images);
  const before = tile(1);
  images.unshift(image(2));
  library.grown();
  library.grown();
  await waited(450);
  assert.deepEqual([names(), says(), tile(1) === before], [["2.jpg", "1.jpg"], "2 pictures", true]);
});

test("a range begins at the same picture when others have come above it", async () => {
  const images = [image(3), image(2), image(1)];
  await opened(() => images);
  click(tile(3), { ctrlKey: true });
  images.unshift(image(4));
  library.grown();
  await waited(450);
  click(tile(2), { shiftKey: true });
  await settled();
  assert.deepEqual(chosen(), [3, 2]);
});

test("a failure is said, with a way out", async () => {
  await opened(() => problem(503, "database_unreachable"));
  assert.match(library.element.querySelector("[role=alert]").textContent, /database cannot be reached/);
  assert.ok(buttonOf("Try again"));
  await opened(() => problem(401, "key_required"));
  buttonOf("Sign in").click();
  assert.deepEqual(gone, ["keys"]);
});

test("an empty library says how it is filled", async () => {
  await opened(() => []);
  assert.ok(library.element.textContent.includes("Sign in with the admin key to add pictures here"));
  await opened(() => [], { access: "admin" });
  assert.ok(library.element.textContent.includes("drop them anywhere on this page"));
});

test("pictures that are dropped here are added by the admin, and searched for by others", async () => {
  await opened(() => [], { access: "none" });
  const files = [new File(["x"], "a.jpg")];
  library.takeFiles(files);
  library.takeUrl("http://x/a b");
  assert.deepEqual(gone, [files, "/?url=http%3A%2F%2Fx%2Fa%20b"]);
  const asked = await opened(() => [], { access: "admin", act: () => ({ status: "added", operation_id: 7, near: [], image: image(9) }) });
  library.takeUrl("http://x/a");
  await settled();
  assert.deepEqual([gone, asked.filter(({ path }) => path === "/v1/images").map(({ json }) => json.url)], [[], ["http://x/a"]]);
});
