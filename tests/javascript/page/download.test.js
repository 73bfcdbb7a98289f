import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { downloadLink } = await import("../../../api/web/download.js");
await use("en");

const image = { name: "a.jpg", title: "A", links: { file: "/v1/images/3/file" } };
const press = (link) => {
  const click = new MouseEvent("click", { cancelable: true });
  link.dispatchEvent(click);
  return click;
};

beforeEach(() => sessionStorage.clear());

test("a link saves the file under its name", () => {
  const link = downloadLink(image);
  assert.deepEqual(["href", "download", "aria-label"].map((name) => link.getAttribute(name)), ["/v1/images/3/file", "a.jpg", "Download: A"]);
  assert.equal(press(link).defaultPrevented, false);
});

test("with a key the file is fetched first; what went wrong is said", async () => {
  serve(() => about());
  await api.signIn("secret");
  const asked = serve(() => problem(404, "unknown_image"));
  assert.equal(press(downloadLink(image)).defaultPrevented, true);
  await settled();
  assert.deepEqual([asked[0].path, asked[0].headers.Authorization], ["/v1/images/3/file", "Bearer secret"]);
  assert.equal(document.querySelector(".toast").textContent, "This picture is no longer in the library.");
});
