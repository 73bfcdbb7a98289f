import assert from "node:assert/strict";
import { test } from "node:test";
import { openWindow } from "../window.js";

openWindow();
const { folding } = await import("../../../api/web/folding.js");
const { h } = await import("../../../api/web/shared/dom.js");

test("the button unfolds the form, folds it again, and says which", () => {
  for (const open of [false, true]) {
    const [unfold, form] = folding("Filter", h("form"), { open });
    const said = () => [form.classList.contains("folded"), unfold.getAttribute("aria-expanded")];
    assert.deepEqual(said(), [!open, String(open)]);
    unfold.click();
    assert.deepEqual(said(), [open, String(!open)]);
    unfold.click();
    assert.deepEqual(said(), [!open, String(open)]);
  }
});
