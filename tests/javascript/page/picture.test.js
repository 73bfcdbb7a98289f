import assert from "node:assert/strict";
import { test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

const view = openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { lastSeen, Picture } = await import("../../../api/web/picture.js");
const { openDialogs } = await import("../../../api/web/shared/dialog.js");
await use("en");
view.HTMLImageElement.prototype.decode = async () => {};

const image = (id, more = {}) => ({ id, name: `${id}.jpg`, title: null, tags: [], width: 4000, height: 3000, byte_size: 1_200_000, media_type: "image/jpeg", created_at: "2024-03-05T12:00:00Z", taken_at: null, added_by: null, page_url: null, source_url: null, source_missing_since: null, links: { file: `/f/${id}`, thumbnail: `/t/${id}`, preview: `/p/${id}` }, ...more });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const heading = () => picture.element.querySelector("h1")?.textContent;
const facts = () => Object.fromEntries([...picture.element.querySelectorAll("dl > div")].map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent]));
const press = (key) => document.body.dispatchEvent(new view.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

let picture;
let gone;

/** The page of picture 2 of three; `act` speaks for what changes one, `related` for its near-duplicates and the like. */
async function opened({ access = "none", wanted = "image=2", act = () => ({ operation_id: 5 }), of = image, related = {}, state = null } = {}) {
  picture?.leave();
  const asked = serve((path, how) => {
    const [where] = path.split("?");
    if (path === "/v1/server") return about({ access });
    if (how.method !== "GET") return act(path, how);
    const [, id, what] = /^\/v1\/images\/(\d+)(?:\/(\w+))?$/.exec(where) ?? [];
    if (what === "place") return { offset: 3 - id, total: 3, previous: id < 3 ? Number(id) + 1 : null, next: id > 1 ? id - 1 : null };
    if (what === "related") return { near_duplicates: [], variants: [], parts: [], wholes: [], ...related };
    return of(Number(id));
  });
  await api.refresh();
  gone = [];
  history.replaceState(state, "", `/?${wanted}`);
  picture = new Picture({ go: (address) => gone.push(address), entitle: () => gone.push(`entitled ${picture.title()}`), openKeys: () => gone.push("keys"), searchFiles: () => {} });
  document.getElementById("main").replaceChildren(picture.element);
  openDialogs().forEach((dialog) => dialog.close());
  picture.enter(new URLSearchParams(wanted));
  await settled();
  return asked;
}

test("all that is known of a picture is told, and of what is not known nothing", async () => {
  const of = (id) => image(id, { title: "Mill", tags: ["red"], taken_at: "2019-05-02T10:20:30", added_by: "telegram:7", page_url: "https://a.example/b", source_url: "javascript:alert(1)", source_missing_since: "2024-03-06T12:00:00Z" });
  await opened({ of });
  assert.deepEqual([heading(), gone], ["Mill", ["entitled Mill"]]);
  const told = facts();
  assert.deepEqual(Object.keys(told), ["File", "Size", "Taken", "Added", "Tags", "Web page"]);
  assert.equal(told.Size, "4,000 × 3,000 pixels, 1.2\u00a0MB");
  assert.match(told.Taken, /^May 2, 2019, 10:20/);
  assert.match(told.Added, /^Mar 5, 2024, .+, by Telegram bot$/);
  assert.match(picture.element.querySelector(".about > .fine").textContent, /^Its file has been missing since Mar 6, 2024, .+\.$/);
  await opened();
  assert.deepEqual(Object.keys(facts()), ["Size", "Added"]);
  const quiet = () => [...picture.element.querySelectorAll(".about > .fine")].map((line) => line.textContent);
  const saying = async (warnings) => (await opened({ of: (id) => image(id, { warnings }) }), quiet());
  assert.deepEqual(await saying([{ code: "cut_short", message: "It breaks off." }]), ["The file breaks off: the end of the picture, or its finest details, are missing."]);
  assert.deepEqual([await saying([]), await saying(null)], [[], []]);
});

test("guests may look, search and download; admins edit and remove", async () => {
  const acts = () => [...picture.element.querySelectorAll(".acts > *")].map((one) => one.textContent);
  await opened();
  assert.deepEqual(acts(), ["Find similar", "Download the file"]);
  assert.equal(picture.element.querySelector("#similar").getAttribute("href"), "/?like=2");
  await opened({ access: "admin" });
  assert.deepEqual(acts(), ["Find similar", "Download the file", "Edit", "Remove"]);
});

test("its preview follows its thumbnail, and the file is shown of what may be transparent or move", async () => {
  await opened();
  const shown = () => picture.element.querySelector(".sheet img");
  assert.deepEqual([shown().getAttribute("src"), shown().alt], ["/p/2", "2.jpg"]);
  await opened({ of: (id) => image(id, { media_type: "image/png" }) });
  assert.equal(shown().getAttribute("src"), "/f/2");
  assert.ok(picture.element.querySelector(".sheet").classList.contains("chequered"));
});

test("arrow keys lead to the neighbours of the gallery that it came from, which is one step back", async () => {
  const asked = await opened({ wanted: "image=2&sort=name&tag=red", state: { fromGallery: true } });
  assert.ok(asked.some(({ path }) => path === "/v1/images/2/place?tag=red&sort=name"));
  assert.equal(picture.element.querySelector("#place").textContent, "2 of 3");
  press("ArrowRight");
  await settled();
  assert.deepEqual([heading(), location.search, history.state], ["1.jpg", "?image=1&tag=red&sort=name", { fromGallery: true }]);
  press("ArrowRight");
  await settled();
  assert.equal(heading(), "1.jpg");
  assert.equal(picture.element.querySelector("#way1"), null);
  press("ArrowLeft");
  press("ArrowLeft"); // before the first has come
  await settled();
  assert.equal(heading(), "3.jpg");
  assert.deepEqual(lastSeen.picture, { id: 3, offset: 0 });
});

test("Escape leads to the gallery, where the picture has the focus", async () => {
  await opened({ wanted: "image=2&tag=red" });
  press("Escape");
  assert.equal(gone.at(-1), "/?view=library&tag=red");
  assert.deepEqual([lastSeen.take(false), lastSeen.take(true)], [{ id: 2, offset: 1 }, null]);
});

test("a picture that is gone is said to be, with a way back", async () => {
  await opened({ of: () => problem(404, "unknown_image") });
  assert.equal(picture.element.querySelector("[role=alert] h1").textContent, "This picture is not here");
  picture.element.querySelector("#to-gallery").click();
  assert.equal(gone.at(-1), "/?view=library");
  await opened({ of: () => problem(401, "key_required") });
  buttonOf("Sign in").click();
  assert.equal(gone.at(-1), "keys");
});

test("the admin edits it, and takes that back", async () => {
  const asked = await opened({ access: "admin", of: (id) => image(id, { title: "Old", tags: ["a"] }) });
  buttonOf("Edit").click();
  const [dialog] = openDialogs();
  dialog.querySelector("#title").value = "  ";
  dialog.querySelector("#tags").value = " red ,, blue";
  dialog.querySelector("#page-url").value = "https://example.org/";
  dialog.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  dialog.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
  const changes = asked.filter(({ method }) => method === "PATCH");
  assert.deepEqual(changes.map(({ path, json }) => [path, json]), [["/v1/images/2", { title: null, tags: ["red", "blue"], page_url: "https://example.org/", source_url: null }]]);
  assert.deepEqual([toast(), openDialogs().length], ["Saved.", 0]);
  buttonOf("Undo").click();
  await settled();
  assert.ok(asked.some(({ path }) => path === "/v1/operations/5/undo"));
});

test("a tag with a comma, as older versions took it, stays as it is while only the title is edited", async () => {
  const asked = await opened({ access: "admin", of: (id) => image(id, { title: "Old", tags: ["a,b", "c"] }) });
  buttonOf("Edit").click();
  const [dialog] = openDialogs();
  dialog.querySelector("#title").value = "New";
  dialog.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
  const changes = asked.filter(({ method }) => method === "PATCH");
  assert.deepEqual(changes.map(({ json }) => json), [{ title: "New", page_url: null, source_url: null }]);
});

test("the admin removes it, once, and the next is shown; undone, it is shown again", async () => {
  const asked = await opened({ access: "admin" });
  const remove = buttonOf("Remove");
  remove.click();
  remove.click();
  await settled();
  assert.equal(asked.filter(({ method }) => method === "DELETE").length, 1);
  assert.deepEqual([toast(), heading(), location.search], ["“2.jpg” is removed.", "1.jpg", "?image=1"]);
  buttonOf("Undo").click();
  await settled();
  assert.equal(heading(), "2.jpg");
});

test("a change that is refused is said, and the picture stays", async () => {
  await opened({ access: "admin", act: () => problem(404, "unknown_image") });
  buttonOf("Remove").click();
  await settled();
  assert.deepEqual([toast(), heading()], ["This picture is no longer in the library.", "2.jpg"]);
});

test("what has to do with it is shown small, with a way to compare", async () => {
  await opened({ related: { near_duplicates: [image(7)], wholes: [image(8, { title: "All" })] } });
  assert.deepEqual([...picture.element.querySelectorAll(".related h2")].map((one) => one.textContent), ["Near-duplicates of it", "What it is a part of"]);
  const links = [...picture.element.querySelectorAll(".related a")].map((one) => one.getAttribute("href"));
  assert.deepEqual(links, ["/?image=7", "/?compare=2,7", "/?image=8", "/?compare=2,8"]);
});
