import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { buttonOf, openWindow, serve } from "../window.js";

openWindow();
serve(() => assert.fail("only files are asked for"));
const { use } = await import("../../../api/web/i18n.js");
const { installing } = await import("../../../api/web/install.js");
const { begun } = await import("../../../api/web/start.js");
await use("en");

let isInstalled;

beforeEach(() => {
  isInstalled = false;
  begun.offer = null;
  globalThis.isSecureContext = true;
  globalThis.matchMedia = /** @type {any} */ (() => ({ matches: isInstalled }));
});

test("where it is installed already, nothing is said", () => {
  isInstalled = true;
  assert.equal(installing(), null);
});

test("an address that browsers do not install from is said to be one", () => {
  globalThis.isSecureContext = false;
  assert.match(installing().textContent, /only over https or on localhost/);
});

test("a browser that makes no offer has a menu", () => {
  assert.match(installing().textContent, /menu has “Install”/);
  assert.equal(buttonOf("Install", installing()), undefined);
});

test("the browser's offer is taken up once", async () => {
  let prompted = 0;
  begun.offer = { prompt: async () => (prompted += 1) };
  const button = buttonOf("Install", installing());
  button.click();
  button.click();
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual([prompted, begun.offer], [1, null]);
});
