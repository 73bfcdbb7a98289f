import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { openKeys } = await import("../../../api/web/keys.js");
const { openDialogs } = await import("../../../api/web/shared/dialog.js");
await use("en");

let signedIn;
const page = { signedIn: () => (signedIn += 1) };
const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
const heading = () => document.querySelector("dialog h2").textContent;

async function submit(key) {
  field("key").value = key;
  document.querySelector("dialog form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
}

async function opened(said) {
  serve(() => about(said));
  await api.refresh();
  openKeys(page);
}

beforeEach(() => {
  signedIn = 0;
  sessionStorage.clear();
  localStorage.clear();
  openDialogs().forEach((dialog) => dialog.close());
});

test("the right key signs in for this window, spaces around it do not count", async () => {
  await opened();
  assert.equal(heading(), "Sign in");
  const asked = serve(() => about({ access: "admin" }));
  await submit("  secret ");
  assert.equal(asked[0].headers.Authorization, "Bearer secret");
  assert.deepEqual([signedIn, openDialogs().length, localStorage.length], [1, 0, 0]);
});

test("the key is remembered on this device where that is ticked", async () => {
  await opened();
  field("remember").checked = true;
  await submit("secret");
  assert.equal(localStorage.getItem("pictrace.key"), "secret");
});

test("a wrong key is said to be wrong, and can be corrected", async () => {
  await opened();
  serve((path, { headers }) => (headers.Authorization ? problem(401, "wrong_key") : about()));
  await submit("wrong");
  assert.equal(document.querySelector("dialog [role=alert]").textContent, "This key is not valid.");
  assert.deepEqual([signedIn, openDialogs().length], [0, 1]);
  serve(() => about({ access: "admin" }));
  await submit("right");
  assert.equal(signedIn, 1);
});

test("too many tries are told of as the server does", async () => {
  await opened();
  serve(() => problem(429, "rate_limited", { wait: 30 }));
  await submit("guess");
  assert.equal(document.querySelector("dialog [role=alert]").textContent, "Too many searches; try again in 30 seconds.");
});

test("what the key is for is said as the server needs it", async () => {
  await opened({ search_key_required: true });
  assert.ok(document.querySelector("dialog").textContent.includes("asks for a key before it searches"));
});

test("what to do about a lost key is said, and what installing takes", async () => {
  await opened();
  const said = document.querySelector("dialog").textContent;
  assert.match(said, /pictrace admin-key --new/);
  assert.match(said, /Install PicTrace as an app/);
});

for (const [access, title] of [["admin", "Admin"], ["search", "Signed in"]]) {
  test(`who is signed in (${access}) can sign out`, async () => {
    sessionStorage.setItem("pictrace.key", "secret");
    await opened({ access });
    assert.equal(heading(), title);
    assert.equal(field("key"), null);
    buttonOf("Sign out").click();
    await settled();
    assert.deepEqual([api.key(), signedIn, openDialogs().length], [null, 1, 0]);
  });
}
