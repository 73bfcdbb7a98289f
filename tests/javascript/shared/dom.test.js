import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openWindow } from "../window.js";

openWindow();
const { button, h, link, refill, svg } = await import("../../../api/web/shared/dom.js");
const main = () => document.getElementById("main");

beforeEach(() => main().replaceChildren());

test("attributes that are false or nothing are left out", () => {
  const made = h("input", { id: "a", required: true, disabled: false, title: null, value: undefined, maxlength: 0 });
  assert.deepEqual(made.getAttributeNames().sort(), ["id", "maxlength", "required"]);
  assert.equal(made.getAttribute("required"), "");
});

test("children are nodes, texts, numbers or nothing, in lists of any depth", () => {
  const made = h("p", {}, "a", [null, [h("b", {}, 0), false, ""]], undefined, 7);
  assert.equal(made.textContent, "a07");
  assert.equal(made.childNodes.length, 3);
});

test("text is never markup", () => {
  const made = h("p", {}, "<img src=x onerror=alert(1)>");
  assert.equal(made.children.length, 0);
  assert.equal(made.textContent, "<img src=x onerror=alert(1)>");
});

test("a button does what it says when it is clicked, and sends no form", () => {
  let clicks = 0;
  const made = button("Go", () => (clicks += 1), { class: "primary" });
  made.click();
  assert.equal(clicks, 1);
  assert.deepEqual([made.type, made.className, made.textContent], ["button", "primary", "Go"]);
});

test("only links to the web can be clicked, and the other site is told nothing", () => {
  const made = link("HTTPS://example.org/a", "There");
  assert.deepEqual([made.getAttribute("href"), made.rel, made.target], ["HTTPS://example.org/a", "noreferrer noopener", "_blank"]);
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "//example.org", "", null, undefined]) assert.equal(link(bad, "x"), null);
});

test("drawings are of the drawings' namespace", () => {
  assert.equal(svg("polygon", { points: "0,0" }).namespaceURI, "http://www.w3.org/2000/svg");
});

test("the focus stays on what has the same id", () => {
  main().append(h("input", { id: "words" }));
  document.getElementById("words").focus();
  refill(main(), [h("h1", {}, "New"), null, [h("input", { id: "words", value: "new" })]]);
  assert.equal(document.activeElement.getAttribute("value"), "new");
});

test("where what had the focus is gone, the main part has it", () => {
  main().append(h("button", { id: "gone" }));
  document.getElementById("gone").focus();
  refill(main(), h("p", {}, "Nothing"));
  assert.equal(document.activeElement, main());
});

test("a focus elsewhere is left alone", () => {
  const other = h("input", { id: "other" });
  document.body.append(other);
  other.focus();
  refill(main(), h("p", {}, "New"));
  assert.equal(document.activeElement, other);
  other.remove();
});
