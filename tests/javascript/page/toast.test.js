import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { buttonOf, openWindow } from "../window.js";

const window = openWindow();
const { say } = await import("../../../api/web/toast.js");
const said = () => [...document.querySelectorAll(".toast")].map((one) => one.firstChild.textContent);
const focus = (id) => document.getElementById(id).focus();

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  window.dispatchEvent(new window.Event("pointerdown"));
});
afterEach(() => {
  mock.timers.tick(100_000);
  mock.timers.reset();
});

test("a message is said politely before the page's main part, and goes after twelve seconds", () => {
  say("Saved.");
  const place = document.querySelector(".toasts");
  assert.deepEqual([place.getAttribute("role"), place.nextElementSibling.id], ["status", "main"]);
  mock.timers.tick(11_900);
  assert.deepEqual(said(), ["Saved."]);
  mock.timers.tick(200);
  assert.deepEqual(said(), []);
});

test("a message takes the place of the one before", () => {
  say("First.");
  say("Second.");
  assert.deepEqual(said(), ["Second."]);
});

test("the first message's time does not take the second away", () => {
  say("First.");
  mock.timers.tick(11_000);
  say("Second.");
  mock.timers.tick(2_000);
  assert.deepEqual(said(), ["Second."]);
});

test("what can be undone stays for half a minute, and goes once it is done", () => {
  let undone = 0;
  say("Removed.", { label: "Undo", run: () => (undone += 1) });
  mock.timers.tick(29_000);
  buttonOf("Undo").click();
  assert.deepEqual([undone, said()], [1, []]);
});

test("by keyboard the button has the focus, and the main part after", () => {
  window.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Enter" }));
  say("Removed.", { label: "Undo", run: () => {} });
  assert.equal(document.activeElement, buttonOf("Undo"));
  buttonOf("Undo").click();
  assert.equal(document.activeElement.id, "main");
});

test("what can be undone stays as long as it is focused or pointed at", () => {
  say("Removed.", { label: "Undo", run: () => {} });
  let isHeld = true;
  document.querySelector(".toast").matches = () => isHeld; // this DOM knows neither :hover nor :focus-within
  mock.timers.tick(70_000);
  assert.deepEqual(said(), ["Removed."]);
  isHeld = false;
  mock.timers.tick(31_000);
  assert.deepEqual(said(), []);
});

test("by pointer the focus is left where it was", () => {
  focus("main");
  say("Removed.", { label: "Undo", run: () => {} });
  assert.equal(document.activeElement.id, "main");
});

test("an Enter that is held down undoes nothing", () => {
  say("Removed.", { label: "Undo", run: () => {} });
  const held = new window.KeyboardEvent("keydown", { key: "Enter", repeat: true, cancelable: true });
  buttonOf("Undo").dispatchEvent(held);
  assert.equal(held.defaultPrevented, true);
  const fresh = new window.KeyboardEvent("keydown", { key: "Enter", cancelable: true });
  buttonOf("Undo").dispatchEvent(fresh);
  assert.equal(fresh.defaultPrevented, false);
});

test("in a dialog, which makes the rest inert, it is said there", () => {
  const dialog = document.createElement("dialog");
  document.body.append(dialog);
  dialog.showModal();
  say("Not saved.");
  assert.equal(dialog.querySelector(".toast").textContent, "Not saved.");
  dialog.close();
  dialog.remove();
  say("Saved.");
  assert.equal(document.querySelector(".toasts").nextElementSibling.id, "main");
});
