import assert from "node:assert/strict";
import { before, test } from "node:test";
import { openWindow, serve } from "../window.js";

openWindow();
serve(() => assert.fail("only files are asked for"));
const { load } = await import("../../../api/web/shared/i18n.js");
const { Problem, sentence } = await import("../../../api/web/shared/problem.js");

before(() => load("en", new URL("../../../api/web/locales/", import.meta.url)));

test("a known code has its sentence, whatever the server said", () => {
  assert.equal(sentence(new Problem("not_an_image", { detail: "Magic bytes." })), "This is not a picture that can be read. If it is a link to a web page, open the picture itself and copy its address.");
});

test("the server's limits are named in megabytes and megapixels", () => {
  const limits = { max_bytes: 5 * 1024 * 1024 + 1, max_pixels: 7_900_000, max_source_pixels: 9_900_000 };
  assert.match(sentence({ code: "file_too_large" }, limits), /at most 5 MB/);
  assert.match(sentence({ code: "too_many_pixels" }, limits), /at most 9 megapixels of a JPEG are taken, of other kinds 7 or fewer/);
  assert.match(sentence({ code: "file_too_large" }), /at most 64 MB/);
});

test("a wait is told in seconds, in its plural form", () => {
  assert.match(sentence(new Problem("rate_limited", { retryAfter: 1 })), /in 1 second\.$/);
  assert.match(sentence(new Problem("rate_limited", { retryAfter: 4 })), /in 4 seconds\.$/);
  assert.equal(sentence(new Problem("rate_limited", { detail: "Slower." })), "Slower.");
  assert.equal(sentence(new Problem("disk_full", { retryAfter: 4 })), "The server's disk is full.");
});

test("a request out of range says which value", () => {
  assert.equal(sentence({ code: "invalid_request", detail: "limit: 1 to 50" }), "A value is missing or out of range. (limit: 1 to 50)");
  assert.equal(sentence({ code: "invalid_request" }), "A value is missing or out of range.");
});

test("for a code without a text the server speaks, else it has a problem", () => {
  assert.equal(sentence({ code: "quite_new", detail: "New." }), "New.");
  assert.equal(sentence({ code: "quite_new" }), "The server has a problem. Its log says more.");
  assert.equal(sentence(new TypeError("x is not a function")), "The server has a problem. Its log says more.");
});

test("a problem carries what the server said", () => {
  const found = new Problem("at_capacity", { detail: "Later.", status: 503, retryAfter: 2 });
  assert.ok(found instanceof Error);
  assert.deepEqual([found.code, found.message, found.status, found.retryAfter], ["at_capacity", "Later.", 503, 2]);
  assert.equal(new Problem("offline").message, "offline");
});
