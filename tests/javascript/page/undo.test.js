import assert from "node:assert/strict";
import { test } from "node:test";
import { openWindow, problem, serve } from "../window.js";

openWindow();
serve(() => ({}));
const { use } = await import("../../../api/web/i18n.js");
const { undo } = await import("../../../api/web/undo.js");
await use("en");
const said = () => document.querySelector(".toast").textContent;

test("an operation is taken back as a whole, said, and then it goes on", async () => {
  const asked = serve(() => ({}));
  const order = [];
  await undo("op-1", () => order.push(said()));
  assert.deepEqual(asked.map(({ method, path }) => `${method} ${path}`), ["POST /v1/operations/op-1/undo"]);
  assert.deepEqual(order, ["Undone."]);
});

test("what can no longer be taken back is said, and it goes on all the same", async () => {
  serve(() => problem(404, "unknown_operation"));
  let gone = 0;
  await undo("op-1", () => (gone += 1));
  assert.deepEqual([said(), gone], ["This can no longer be undone.", 1]);
});
