import assert from "node:assert/strict";
import { test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Library } = await import("../../../api/web/library.js");
const { openDialogs } = await import("../../../api/web/shared/dialog.js");
await use("en");

const image = (id, more = {}) => ({ id, name: `${id}.jpg`, title: null, tags: [], width: 8, height: 6, byte_size: 1200, created_at: "2024-03-05T12:00:00Z", page_url: null, source_url: null, links: { file: `/f/${id}`, thumbnail: `/t/${id}` }, ...more });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const names = () => [...library.element.querySelectorAll(".gallery .tile > span:first-of-type")].map((one) => one.textContent);

let library;
let gone;

/** The view for an address; `images` speaks for `GET /v1/images`. */
async function opened(images, { access = "none", wanted = {}, act = () => ({}) } = {}) {
  const say = (path, how) => {
    if (path === "/v1/server") return about({ access });
    if (path === "/v1/tags") return { tags: [{ tag: "red", pictures: 1200 }] };
    if (path.startsWith("/v1/duplicates")) return { total: 3 };
    return how.method === "GET" ? images(path) : act(path, how);
  };
  const asked = serve(say);
  await api.refresh();
  gone = [];
  library = new Library({ go: (address) => gone.push(address), refresh: api.refresh, openKeys: () => gone.push("keys"), searchFiles: (files) => gone.push(files) });
  document.getElementById("main").replaceChildren(library.element);
  openDialogs().forEach((dialog) => dialog.close());
  library.enter(new URLSearchParams(wanted));
  await settled();
  return asked;
}

const page = (images, more = {}) => ({ images, total: images.length, next_cursor: null, ...more });

test("pictures are shown newest first, as the server gives them, with how many there are", async () => {
  await opened(() => page([image(2, { title: "Two" }), image(1)], { total: 1234 }));
  assert.deepEqual(names(), ["Two", "1.jpg"]);
  assert.equal(library.element.querySelector("[role=status].fine").textContent, "1,234 pictures");
  assert.equal(library.element.querySelector("#duplicates").textContent, "3 groups of near-duplicates");
  assert.equal(library.element.querySelector("#tag").textContent, "All tagsred (1,200)");
});

test("the filter is in the address, and asked for", async () => {
  const asked = await opened(() => page([]), { wanted: { words: "cat & dog", tag: "gone" } });
  assert.ok(asked.some(({ path }) => path === "/v1/images?limit=60&words=cat+%26+dog&tag=gone"));
  assert.ok(library.element.textContent.includes("No picture passes this filter."));
  assert.equal(library.element.querySelector("option[selected]").value, "gone"); // though no picture has it
  const form = library.element.querySelector("form.filter");
  form.querySelector("#words").value = "bird";
  form.querySelector("#tag").value = "";
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  assert.deepEqual(gone, ["/?view=library&words=bird"]);
});

test("more are shown on demand, and the focus goes to the first of them", async () => {
  await opened((path) => (path.includes("cursor=c2") ? page([image(1)], { total: null }) : page([image(3), image(2)], { total: 3, next_cursor: "c2" })));
  buttonOf("Show more").click();
  await settled();
  assert.deepEqual(names(), ["3.jpg", "2.jpg", "1.jpg"]);
  assert.equal(document.activeElement.id, "image-1");
  assert.equal(library.element.querySelector("[role=status].fine").textContent, "3 pictures");
});

test("a picture whose file is missing says since when, others say nothing of it", async () => {
  await opened(() => page([image(2, { source_missing_since: "2024-03-06T12:00:00Z" }), image(1, { source_missing_since: null })]));
  const shown = (id) => {
    document.getElementById(`image-${id}`).click();
    const [dialog] = openDialogs();
    const text = dialog.querySelector(".details p.fine")?.textContent;
    dialog.close();
    return text;
  };
  assert.match(shown(2), /^Its file has been missing since Mar 6, 2024, .+\.$/);
  assert.equal(shown(1), undefined);
});

test("without the admin key nothing can be changed", async () => {
  await opened(() => page([image(1, { page_url: "javascript:alert(1)", source_url: "https://s/" })]));
  assert.equal(library.element.querySelector(".adding"), null);
  document.getElementById("image-1").click();
  const [dialog] = openDialogs();
  assert.equal(dialog.querySelector("form"), null);
  assert.deepEqual([...dialog.querySelectorAll("a")].map((one) => one.getAttribute("href")), ["/f/1", "https://s/"]);
  buttonOf("Search from here", dialog).click();
  assert.deepEqual([gone, openDialogs().length], [["/?like=1"], 0]);
});

test("the admin edits title and tags, and can undo it", async () => {
  const asked = await opened(() => page([image(1, { tags: ["old"] })]), { access: "admin", act: () => ({ operation_id: "op-3" }) });
  document.getElementById("image-1").click();
  const [dialog] = openDialogs();
  dialog.querySelector("#title").value = "  ";
  dialog.querySelector("#tags").value = " red ,, blue";
  dialog.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
  const [changed] = asked.filter(({ method }) => method === "PATCH");
  assert.deepEqual([changed.path, changed.json], ["/v1/images/1", { title: null, tags: ["red", "blue"] }]);
  assert.deepEqual([toast(), openDialogs().length], ["Saved.", 0]);
  buttonOf("Undo").click();
  await settled();
  assert.ok(asked.some(({ path }) => path === "/v1/operations/op-3/undo"));
});

test("the admin removes a picture, once", async () => {
  const asked = await opened(() => page([image(1)]), { access: "admin", act: () => ({ operation_id: "op-4" }) });
  document.getElementById("image-1").click();
  const remove = buttonOf("Remove");
  remove.click();
  remove.click();
  await settled();
  assert.equal(asked.filter(({ method }) => method === "DELETE").length, 1);
  assert.equal(toast(), "“1.jpg” is removed.");
});

test("a change that is refused is said, and the dialog stays", async () => {
  await opened(() => page([image(1)]), { access: "admin", act: () => problem(404, "unknown_image") });
  document.getElementById("image-1").click();
  buttonOf("Remove").click();
  await settled();
  assert.deepEqual([toast(), openDialogs().length], ["This picture is no longer in the library.", 1]);
});

test("a failure is said, with a way out", async () => {
  await opened(() => problem(503, "database_unreachable"));
  assert.match(library.element.querySelector("[role=alert]").textContent, /database cannot be reached/);
  assert.ok(buttonOf("Try again"));
  await opened(() => problem(401, "key_required"));
  buttonOf("Sign in").click();
  assert.deepEqual(gone, ["keys"]);
});

test("pictures that are dropped here are added by the admin, and searched for by others", async () => {
  await opened(() => page([]), { access: "none" });
  const files = [new File(["x"], "a.jpg")];
  library.takeFiles(files);
  library.takeUrl("http://x/a b");
  assert.deepEqual(gone, [files, "/?url=http%3A%2F%2Fx%2Fa%20b"]);
  const asked = await opened(() => page([]), { access: "admin", act: () => ({ status: "added", operation_id: 7, near: [], image: image(9) }) });
  library.takeUrl("http://x/a");
  await settled();
  assert.deepEqual([gone, asked.filter(({ path }) => path === "/v1/images").map(({ json }) => json.url)], [[], ["http://x/a"]]);
});

test("what may be transparent or move is shown itself, on a chequerboard; of all else, and where that fails, the thumbnail", async () => {
  const clear = image(2, { media_type: "image/png" });
  await opened(() => page([clear, image(1, { media_type: "image/jpeg" })]));
  const large = () => openDialogs()[0].querySelector(".large");
  library.element.querySelector("#image-1").click();
  assert.deepEqual([large().getAttribute("src"), large().className], ["/t/1", "large"]);
  library.element.querySelector("#image-2").click();
  assert.deepEqual([large().getAttribute("src"), large().className], ["/f/2", "large chequered"]);
  large().dispatchEvent(new Event("error"));
  assert.deepEqual([large().getAttribute("src"), large().className], ["/t/2", "large"]);
});
