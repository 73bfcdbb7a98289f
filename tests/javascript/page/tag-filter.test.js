import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, openWindow, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const { tagFilter } = await import("../../../api/web/tag-filter.js");
await use("en");

let changes;
const shown = (...tags) => document.getElementById("main").replaceChildren(tagFilter(tags, (now) => changes.push(now)));

beforeEach(() => (changes = []));

test("a tag is let go by its cross", () => {
  shown("comics", "old");
  assert.ok(document.getElementById("main").textContent.startsWith("Only in:"));
  const [drop] = document.querySelectorAll(".chip button");
  assert.equal(drop.getAttribute("aria-label"), "Without the tag “comics”");
  /** @type {HTMLElement} */ (drop).click();
  assert.deepEqual(changes, [["old"]]);
});

test("another is chosen from those of the library, which are asked for only then", async () => {
  const asked = serve(() => ({ tags: [{ tag: "comics", pictures: 12 }, { tag: "old", pictures: 1500 }] }));
  shown("comics");
  assert.equal(asked.length, 0);
  buttonOf("Another tag").click();
  await settled();
  const choice = /** @type {HTMLSelectElement} */ (document.getElementById("among-tag"));
  assert.equal(document.activeElement, choice);
  assert.deepEqual([...choice.options].map((one) => one.textContent), ["Choose a tag", "old (1,500)"]);
  choice.value = "old";
  choice.dispatchEvent(new Event("change"));
  assert.deepEqual(changes, [["comics", "old"]]);
});

test("that there are none is said", async () => {
  serve(() => ({ tags: [] }));
  shown();
  buttonOf("Search in one tag only").click();
  await settled();
  assert.equal(document.querySelector(".toast").textContent, "There are no more tags to choose from.");
  assert.equal(buttonOf("Search in one tag only").disabled, false);
});
