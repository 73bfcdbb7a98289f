import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openWindow, settled } from "../window.js";

openWindow();
const { carryOver } = await import("../../../api/web/early.js");
const { h } = await import("../../../api/web/shared/dom.js");

const main = () => document.getElementById("main");
/** @returns {any} */
const link = () => document.getElementById("link");
let searched;
const search = (files) => searched.push(files.map(({ name }) => name));

/** A control for files in which one is chosen. */
function chosen(...names) {
  const control = h("input", { type: "file", id: "early" });
  Object.defineProperty(control, "files", { value: names.map((name) => new File(["x"], name)) });
  return control;
}

beforeEach(() => {
  searched = [];
  main().replaceChildren(h("input", { id: "link" }));
});

test("what is being typed goes on in the page's own field", () => {
  link().value = "https://a.exa";
  link().focus();
  link().setSelectionRange(9, 9);
  const restore = carryOver(search);
  main().replaceChildren(h("input", { id: "link" }));
  restore();
  assert.deepEqual([link().value, document.activeElement === link(), link().selectionStart], ["https://a.exa", true, 9]);
});

test("a field that nobody has touched is left as the page has it", () => {
  const restore = carryOver(search);
  main().replaceChildren(h("input", { id: "link", value: "https://b.example/" }));
  restore();
  assert.deepEqual([link().value, document.activeElement === link()], ["https://b.example/", false]);
});

test("a view without that field takes nothing", () => {
  link().value = "https://a.example/";
  const restore = carryOver(search);
  main().replaceChildren();
  restore();
  assert.equal(link(), null);
});

test("a picture that was chosen before is searched for, once", async () => {
  main().append(chosen("a.jpg"));
  carryOver(search);
  await new Promise((resolve) => setImmediate(resolve));
  await settled();
  assert.deepEqual(searched, [["a.jpg"]]);
});

test("a picture that is chosen in a window which was open before is searched for", () => {
  const control = h("input", { type: "file", id: "early" });
  main().append(control);
  carryOver(search);
  main().replaceChildren();
  Object.defineProperty(control, "files", { value: [new File(["x"], "b.jpg")] });
  control.dispatchEvent(new Event("change"));
  assert.deepEqual(searched, [["b.jpg"]]);
});
