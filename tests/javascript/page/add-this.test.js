import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about({ access: "admin" }));
const { use } = await import("../../../api/web/i18n.js");
const { addThis } = await import("../../../api/web/add-this.js");
await use("en");

const image = { id: 30, name: "new.jpg", title: null, links: { file: "/f", thumbnail: "/t" } };
let gone;
const main = () => document.getElementById("main");
const shown = (question) => main().replaceChildren(addThis(question, { go: (address) => gone.push(address), refresh: async () => {} }));
const submit = () => main().querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));

beforeEach(() => (gone = []));

test("a file is added with tags, those of the search to begin with; then it is shown as in the library, and can be undone", async () => {
  const asked = serve((path) => (path === "/v1/images" ? { operation_id: "op-1", image } : {}));
  shown({ file: new File(["x"], "new.jpg"), tags: ["comics"] });
  buttonOf("Add this picture").click();
  const field = /** @type {HTMLInputElement} */ (document.getElementById("add-this-tags"));
  assert.deepEqual([document.activeElement, field.value], [field, "comics"]);
  field.value = "comics, new , ";
  submit();
  submit(); // the second half of a double click
  await settled();
  assert.deepEqual([asked.length, asked[0].form.getAll("tags"), asked[0].form.get("file").name], [1, ["comics", "new"], "new.jpg"]);
  assert.equal(main().querySelector("h2").textContent, "It is in the library now");
  main().querySelector("a").dispatchEvent(new Event("click", { cancelable: true }));
  assert.deepEqual(gone, ["/?image=30"]);
  buttonOf("Undo").click();
  await settled();
  assert.equal(asked.at(-1).path, "/v1/operations/op-1/undo");
  assert.ok(buttonOf("Add this picture", main()));
});

test("a link is added by its address; what went wrong is said, and what was typed stays", async () => {
  const asked = serve(() => problem(422, "fetch_denied"));
  shown({ url: "http://x/a.jpg" });
  buttonOf("Add this picture").click();
  /** @type {HTMLInputElement} */ (document.getElementById("add-this-tags")).value = "new";
  submit();
  await settled();
  assert.deepEqual(asked[0].json, { url: "http://x/a.jpg", tags: ["new"] });
  assert.match(main().querySelector("[role=alert]").textContent, /does not give the picture to others/);
  assert.equal(/** @type {HTMLInputElement} */ (document.getElementById("add-this-tags")).value, "new");
  buttonOf("Cancel", main()).click();
  assert.equal(main().querySelector("form"), null);
});
