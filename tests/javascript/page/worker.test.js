import assert from "node:assert/strict";
import { test } from "node:test";
import { openWindow } from "../window.js";

openWindow();
const { registerWorker } = await import("../../../api/web/worker.js");
const give = (serviceWorker) => Object.assign(navigator, { serviceWorker });

test("without service workers, as over http, nothing happens", async () => {
  give(undefined);
  await registerWorker();
});

test("the one address is registered, also where addresses of scripts must be trusted", async () => {
  const registered = [];
  give({ register: async (address) => registered.push(address) });
  await registerWorker();
  /** @type {any} */ (globalThis).trustedTypes = {
    createPolicy: (name, { createScriptURL }) => ({ createScriptURL: (address) => `trusted ${createScriptURL(address)}` }),
  };
  await registerWorker();
  assert.deepEqual(registered, ["/sw.js", "trusted /sw.js"]);
});

test("a browser that refuses leaves the page as it is", async () => {
  give({ register: async () => assert.fail("refused") });
  await registerWorker();
});
