import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { about, buttonOf, openWindow, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const { forgetAll, keep, remembered } = await import("../../../api/web/kept.js");
const { recent } = await import("../../../api/web/recent.js");
await use("en");
URL.createObjectURL = () => "blob:1";
URL.revokeObjectURL = () => {};

const gone = [];
const page = { go: (address, question) => gone.push([address, question]) };

async function shown() {
  const element = recent(page);
  await settled();
  return element;
}

afterEach(forgetAll);

test("where nothing was asked there is nothing to see", async () => {
  assert.equal((await shown()).hidden, true);
});

test("what was asked lately is asked again by a press, the latest first", async () => {
  const keys = [];
  for (const name of ["a.jpg", "b.jpg"]) {
    keys.push(keep(new File([name], name)));
    await new Promise((resolve) => setTimeout(resolve, 2)); // keys begin with the time
  }
  const element = await shown();
  assert.equal(element.hidden, false);
  const buttons = [...element.querySelectorAll(".again")];
  assert.deepEqual(buttons.map((one) => one.getAttribute("aria-label")), ["Search for “b.jpg” again", "Search for “a.jpg” again"]);
  buttons[1].click();
  assert.deepEqual(gone, [["/", keys[0]]]);
});

test("a picture that the browser cannot show has its name", async () => {
  keep(new File(["x"], "x.heic"));
  const element = await shown();
  element.querySelector("img").dispatchEvent(new Event("error"));
  assert.equal(element.querySelector(".again").textContent, "x.heic");
});

test("they can be forgotten", async () => {
  const key = keep(new File(["x"], "x.jpg"));
  const element = await shown();
  buttonOf("Forget them", element).click();
  await settled();
  assert.deepEqual([element.hidden, element.childNodes.length, remembered(key)], [true, 0, undefined]);
});

test("no more than five are shown", async () => {
  for (let place = 0; place < 7; place += 1) keep(new File(["x"], `${place}.jpg`));
  assert.equal((await shown()).querySelectorAll(".again").length, 5);
});
