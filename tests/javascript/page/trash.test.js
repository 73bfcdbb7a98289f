import assert from "node:assert/strict";
import { test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

const window = openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { Trash } = await import("../../../api/web/trash.js");
await use("en");

const removed = (id) => ({ id, name: `${id}.jpg`, title: null, tags: [], links: {}, removed_at: "2024-03-05T12:00:00Z", removed_by: "shell", kept_until: "2024-04-04T12:00:00Z" });
const toast = () => document.querySelector(".toast")?.firstChild.textContent;
const found = () => trash.element.querySelector(".found").textContent;
let trash;
let gone;

async function opened(images, act = () => ({ operation_id: 9, restored: 1 })) {
  trash?.leave();
  serve(() => about({ access: "admin" }));
  await api.refresh();
  const asked = serve((path, how) => {
    if (how.method !== "GET") return act(path, how);
    const there = images();
    return there instanceof Response ? there : { images: there, total: there.length };
  });
  gone = [];
  trash = new Trash({ go: (address) => gone.push(address), openKeys: () => gone.push("keys"), searchFiles: () => {} });
  document.getElementById("main").replaceChildren(trash.element);
  trash.enter();
  await settled();
  return asked;
}

test("each picture tells when and by whom it was removed, and how long it is kept", async () => {
  await opened(() => [removed(2), removed(1)]);
  const [first] = trash.element.querySelectorAll(".gallery li");
  assert.match(first.textContent, /^2\.jpgRemoved Mar 5, 2024, .+ \(command line\)\. Kept until Apr 4, 2024\.$/);
  assert.equal(first.querySelector("img").getAttribute("src"), "/v1/trash/2/thumbnail");
});

test("a click selects, and what is selected is brought back", async () => {
  let images = [removed(2), removed(1)];
  const asked = await opened(() => images);
  document.getElementById("image-1").dispatchEvent(new window.MouseEvent("click", { bubbles: true, cancelable: true }));
  images = [removed(2)];
  buttonOf("Bring back").click();
  buttonOf("Bring back").click();
  await settled();
  const changes = asked.filter(({ method }) => method === "POST");
  assert.deepEqual(changes.map(({ path, json }) => [path, json]), [["/v1/trash/restore", { images: [1] }]]);
  assert.deepEqual([toast(), trash.element.querySelectorAll(".gallery li").length], ["1 picture is back in the library.", 1]);
  buttonOf("Undo").click();
  await settled();
  assert.ok(asked.some(({ path }) => path === "/v1/operations/9/undo"));
});

test("all of it is brought back at once, and an empty trash says so", async () => {
  let images = [removed(1)];
  const asked = await opened(() => images);
  images = [];
  buttonOf("Bring all back").click();
  await settled();
  assert.deepEqual(asked.find(({ method }) => method === "POST").json, { all: true });
  assert.equal(found(), "Nothing was removed: the trash is empty.");
});

test("without the admin key there is a way to sign in", async () => {
  await opened(() => problem(403, "admin_only"));
  assert.ok(found().includes("This needs the admin key."));
  buttonOf("Sign in").click();
  assert.deepEqual(gone, ["keys"]);
});
