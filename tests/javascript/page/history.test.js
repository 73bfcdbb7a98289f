import assert from "node:assert/strict";
import { test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { History } = await import("../../../api/web/history.js");
await use("en");

const operation = (id, more = {}) => ({ id, kind: "add", actor: "shell", at: "2024-03-05T12:00:00Z", pictures: 1200, undone: false, can_undo: true, undoes: null, images: [], ...more });
const entries = () => [...past.element.querySelectorAll(".operations > li")];
let past;
let gone;

async function opened(answer) {
  serve(() => about({ access: "admin" }));
  await api.refresh();
  const asked = serve(answer);
  gone = [];
  past = new History({ go: (address) => gone.push(address), openKeys: () => gone.push("keys"), searchFiles: () => {} });
  document.getElementById("main").replaceChildren(past.element);
  past.enter();
  await settled();
  return asked;
}

test("what was done is told with who, when and how many", async () => {
  await opened(() => ({ operations: [operation(3), operation(2, { kind: "quite_new", actor: "somebody", pictures: 1 })], next: null }));
  assert.match(entries()[0].textContent, /^Added 1,200 picturesMar 5, 2024, .+ · command lineUndo$/);
  assert.match(entries()[1].textContent, /^Changed 1 picture.+ · somebodyUndo$/);
});

test("only what can be undone has a way to, and what is undone says so", async () => {
  const asked = await opened((path, { method }) => (method === "POST" ? {} : { operations: [operation(4, { undone: true }), operation(3, { can_undo: false }), operation(2)], next: null }));
  assert.deepEqual(entries().map((one) => Boolean(one.querySelector("button"))), [false, false, true]);
  assert.ok(entries()[0].textContent.includes("undone"));
  buttonOf("Undo").click();
  await settled();
  assert.ok(asked.some(({ path }) => path === "/v1/operations/2/undo"));
  assert.equal(asked.filter(({ path }) => path.startsWith("/v1/operations?")).length, 2);
});

test("more is shown on demand, and the focus goes to the first of it", async () => {
  await opened((path) => (path.includes("before=2") ? { operations: [operation(1)], next: null } : { operations: [operation(2)], next: 2 }));
  buttonOf("Show more").click();
  await settled();
  assert.equal(entries().length, 2);
  assert.equal(document.activeElement, entries()[1]);
  assert.equal(buttonOf("Show more"), undefined);
});

test("a picture that is in the trash is shown from there, and one that is nowhere is left out", async () => {
  await opened(() => ({ operations: [operation(2, { images: [7] })], next: null }));
  const picture = entries()[0].querySelector("img");
  assert.equal(picture.getAttribute("src"), "/v1/images/7/thumbnail");
  picture.dispatchEvent(new Event("error"));
  assert.equal(picture.getAttribute("src"), "/v1/trash/7/thumbnail");
  picture.dispatchEvent(new Event("error"));
  assert.equal(entries()[0].querySelector("img"), null);
});

test("that nothing was done is said, and a failure with a way out", async () => {
  await opened(() => ({ operations: [], next: null }));
  assert.ok(past.element.textContent.includes("Nothing was done yet."));
  await opened(() => problem(403, "admin_only"));
  buttonOf("Sign in").click();
  assert.deepEqual(gone, ["keys"]);
});
