import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { openWindow, serve } from "../window.js";

openWindow();
serve(() => assert.fail("only files are asked for"));
const { load } = await import("../../../api/web/shared/i18n.js");
const { openDialog, openDialogs } = await import("../../../api/web/shared/dialog.js");
const click = (target, detail) => target.dispatchEvent(new MouseEvent("click", { bubbles: true, detail }));

before(() => load("en", new URL("../../../api/web/locales/", import.meta.url)));
beforeEach(() => openDialogs().forEach((dialog) => dialog.close()));

test("a dialog has a name and a way out, and is gone once it is closed", () => {
  const dialog = openDialog({ heading: "Why?", wide: true }, "Because.");
  assert.equal(dialog.open, true);
  assert.equal(dialog.className, "wide");
  assert.equal(document.getElementById(dialog.getAttribute("aria-labelledby")).textContent, "Why?");
  assert.ok(dialog.textContent.endsWith("Because."));
  /** @type {HTMLElement} */ (dialog.querySelector("[aria-label=Close]")).click();
  assert.equal(document.querySelector("dialog"), null);
});

test("one dialog takes the place of another", () => {
  openDialog({ heading: "First" });
  openDialog({ heading: "Second" });
  assert.deepEqual([...document.querySelectorAll("dialog h2")].map((one) => one.textContent), ["Second"]);
});

test("a click beside it closes it, one inside does not", () => {
  const dialog = openDialog({ heading: "Key" }, "text");
  click(dialog.querySelector("h2"), 1);
  assert.equal(openDialogs().length, 1);
  click(dialog, 1);
  assert.equal(openDialogs().length, 0);
});

test("the second half of a double click closes nothing", () => {
  const dialog = openDialog({ heading: "Key" });
  click(dialog, 2);
  assert.equal(openDialogs().length, 1);
});
