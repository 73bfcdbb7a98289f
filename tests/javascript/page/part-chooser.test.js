import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { buttonOf, openWindow, serve } from "../window.js";

openWindow();
serve(() => assert.fail("only files are asked for"));
const { load } = await import("../../../api/web/shared/i18n.js");
const { PartChooser } = await import("../../../api/web/part-chooser.js");
await load("en", new URL("../../../api/web/locales/", import.meta.url));

const HALVES = [{ x: 0, y: 0, width: 0.5, height: 1 }, { x: 0.5, y: 0, width: 0.5, height: 1 }];
let chooser;
let asked;

function made({ part = null, offered = [] } = {}) {
  asked = [];
  const picture = document.createElement("div");
  chooser = new PartChooser(picture, { asked: part, offered, ask: (region) => asked.push(region) });
  chooser.layer.getBoundingClientRect = () => /** @type {any} */ ({ left: 100, top: 50, width: 200, height: 100 });
  chooser.layer.setPointerCapture = () => {};
  document.getElementById("main").replaceChildren(picture, chooser.element);
}

const point = (type, x, y, { target = chooser.layer, pointerType = "mouse" } = {}) =>
  target.dispatchEvent(Object.assign(new Event(type, { bubbles: true }), { clientX: x, clientY: y, button: 0, pointerId: 1, pointerType }));
const drag = (from, to, how) => (point("pointerdown", ...from, how), point("pointermove", ...to), point("pointerup", ...to));
const press = (key, more = {}) => chooser.box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
const rounded = ({ x, y, width, height }) => [x, y, width, height].map((share) => Math.round(100 * share));

beforeEach(() => made());

test("a box is drawn with the mouse, and asked with by a button", () => {
  assert.ok(chooser.box.hidden);
  drag([120, 60], [220, 110]);
  assert.equal(document.activeElement, chooser.box);
  assert.equal(chooser.box.getAttribute("aria-label"), "Search this part: 10% from the left, 10% from the top, 50% wide, 50% high");
  assert.deepEqual([chooser.box.style.left, chooser.box.style.width], ["10%", "50%"]);
  buttonOf("Search this part").click();
  assert.deepEqual(asked.map(rounded), [[10, 10, 50, 50]]);
});

test("a click, or a box too small to be meant, draws nothing", () => {
  drag([120, 60], [122, 62]);
  drag([120, 60], [200, 62]);
  assert.equal(chooser.part, null);
});

test("a finger scrolls the page until there is a box", () => {
  const touch = { pointerType: "touch" };
  drag([120, 60], [220, 110], touch);
  assert.equal(chooser.part, null);
  buttonOf("Search a part of it").click();
  drag([120, 60], [220, 110], touch);
  assert.deepEqual(rounded(chooser.part), [10, 10, 50, 50]);
});

test("a box is moved, and resized by its handles", () => {
  buttonOf("Search a part of it").click();
  drag([200, 100], [220, 110], { target: chooser.box });
  assert.deepEqual(rounded(chooser.part), [30, 30, 60, 60]);
  drag([160, 80], [140, 60], { target: chooser.box.querySelector(".nw") });
  assert.deepEqual(rounded(chooser.part), [20, 10, 70, 80]);
});

test("by keys: arrows move, with Shift they resize, Escape takes the box away", () => {
  buttonOf("Search a part of it").click();
  press("ArrowRight");
  press("ArrowUp");
  press("ArrowDown", { shiftKey: true });
  press("ArrowLeft", { shiftKey: true });
  assert.deepEqual(rounded(chooser.part), [22, 18, 58, 62]);
  chooser.box.click(); // what Enter does
  assert.deepEqual(asked.map(rounded), [[22, 18, 58, 62]]);
  press("Escape");
  assert.ok(chooser.box.hidden);
  assert.equal(document.activeElement.textContent, "Search a part of it");
});

test("the part that was asked with is shown, and the way back to the whole picture", () => {
  made({ part: HALVES[0] });
  assert.equal(buttonOf("Search this part"), undefined);
  chooser.box.click();
  assert.deepEqual(asked, []); // it was asked with already
  press("ArrowRight");
  assert.ok(buttonOf("Search this part"));
  buttonOf("Whole picture").click();
  assert.deepEqual(asked, [null]);
});

test("what seems to be a picture of its own is outlined, and asked with by one click; the next follows", () => {
  made({ offered: HALVES, part: HALVES[0] });
  assert.equal(chooser.element.querySelector(".offered").textContent, "2 pictures seem to be in this one:");
  assert.deepEqual(chooser.pieces.map((piece) => piece.getAttribute("aria-label")), ["Search picture 1 of 2", "Search picture 2 of 2"]);
  assert.deepEqual(chooser.pieces.map((piece) => piece.getAttribute("aria-current")), ["true", null]);
  chooser.pieces[1].click();
  buttonOf("2", chooser.element).click();
  buttonOf("Next").click();
  assert.deepEqual(asked, [HALVES[1], HALVES[1], HALVES[1]]);
  made({ offered: HALVES });
  buttonOf("Next").click();
  assert.deepEqual(asked, [HALVES[0]]);
});
