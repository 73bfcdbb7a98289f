import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, matched, openWindow, problem, serve, settled } from "../window.js";

openWindow();
serve(() => about());
globalThis.ResizeObserver = /** @type {any} */ (class { observe() {} });
const { use } = await import("../../../api/web/i18n.js");
const { Compare, Comparison, besideAnswer, sideOf } = await import("../../../api/web/compare.js");
await use("en");

const side = (name) => ({ name, width: 400, height: 300, show: (image) => (image.src = `data:,${name}`) });
const OUTLINE = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]];
const differs = [{ x: 0, y: 0, width: 0.25, height: 0.25 }];
const stored = (id) => ({ id, name: `${id}.jpg`, title: null, width: 400, height: 300, byte_size: 5000, links: { file: `/f/${id}`, thumbnail: `/t/${id}`, preview: `/p/${id}` } });
const corners = (pane) => pane.querySelector("polygon:not(.under)").getAttribute("points");

let made;
const shown = (evidence) => {
  made = new Comparison(side("a"), side("b"), evidence);
  document.getElementById("main").replaceChildren(made.element);
};

beforeEach(() => shown({ outline: OUTLINE, differs }));

test("side by side, what differs is outlined where it is in each", () => {
  assert.equal(made.element.dataset.way, "side");
  assert.deepEqual(made.panes.map(corners), ["0,0 0.25,0 0.25,0.25 0,0.25", "0,0 0.5,0 0.5,0.5 0,0.5"]);
});

test("in turn, each press shows the other, and says which it is", () => {
  buttonOf("In turn").click();
  const said = () => [made.stage.dataset.shown, made.element.querySelector("[role=status]").textContent];
  assert.deepEqual(said(), ["A", "A · a"]);
  buttonOf("Show the other").click();
  assert.deepEqual(said(), ["B", "B · b"]);
  made.stage.click();
  assert.deepEqual(said(), ["A", "A · a"]);
  assert.deepEqual(made.choices.map((one) => one.getAttribute("aria-pressed")), ["false", "true", "false"]);
});

test("a slider wipes one over the other, by its own keys or under a finger", () => {
  buttonOf("Slider").click();
  assert.equal(made.stage.style.getPropertyValue("--cut"), "50%");
  made.slider.value = "20";
  made.slider.dispatchEvent(new Event("input"));
  assert.equal(made.stage.style.getPropertyValue("--cut"), "20%");
  made.stage.getBoundingClientRect = () => /** @type {any} */ ({ left: 100, width: 200 });
  made.stage.dispatchEvent(Object.assign(new Event("pointermove"), { clientX: 250, pointerType: "mouse", buttons: 0 }));
  assert.equal(made.slider.value, "20"); // a mouse that only passes
  made.stage.dispatchEvent(Object.assign(new Event("pointermove"), { clientX: 250, pointerType: "touch", buttons: 1 }));
  assert.equal(made.stage.style.getPropertyValue("--cut"), "75%");
});

test("outlines can be taken away; where nothing differs there are none", () => {
  const box = made.element.querySelector("#marks");
  box.checked = false;
  box.dispatchEvent(new Event("change"));
  assert.ok(made.element.classList.contains("unmarked"));
  shown({});
  assert.equal(made.element.querySelector("#marks"), null);
  assert.equal(made.element.querySelectorAll("polygon").length, 0);
});

test("the large preview is shown, and the thumbnail where there is none", () => {
  const image = document.createElement("img");
  sideOf(stored(3)).show(image);
  assert.equal(image.getAttribute("src"), "/p/3");
  image.dispatchEvent(new Event("error"));
  assert.equal(image.getAttribute("src"), "/t/3");
  const older = { ...stored(4), links: { file: "/f/4", thumbnail: "/t/4" } };
  sideOf(older).show(image);
  assert.equal(image.getAttribute("src"), "/t/4");
});

test("a match is laid on the file that was asked with; what the browser cannot read is shown as the server saw it", () => {
  const search = { question: { file: {}, kept: "key" }, answer: { query: { width: 400, height: 300, preview: "data:,seen" }, calibrated: true }, picture: "blob:a", page: { go: (...how) => gone.push(how) } };
  const gone = [];
  const element = besideAnswer(matched({}, { outline: OUTLINE, differs }), search);
  const [image] = element.querySelectorAll("img");
  assert.equal(image.getAttribute("src"), "blob:a");
  image.dispatchEvent(new Event("error"));
  assert.equal(image.getAttribute("src"), "data:,seen");
  buttonOf("Back to the answer", element).click();
  assert.deepEqual(gone, [["/", "key"]]);
});

test("two pictures of the library have an address; what a search says of them is outlined", async () => {
  const asked = serve((path) => (path.includes("matches") ? { matches: [matched({ id: 17 }, { differs })], calibrated: true } : stored(Number(path.split("/").pop()))));
  const titles = [];
  const view = new Compare({ go: () => {}, title: (text) => titles.push(text) });
  document.getElementById("main").replaceChildren(view.element);
  await view.enter(new URLSearchParams({ compare: "3,17" }));
  assert.deepEqual(asked.map(({ path }) => path), ["/v1/images/3", "/v1/images/17", "/v1/images/3/matches?limit=50"]);
  assert.equal(view.element.querySelectorAll("polygon:not(.under)").length, 3);
  assert.deepEqual(titles, ["3.jpg · 17.jpg"]);
  assert.deepEqual([...view.element.querySelectorAll("figcaption a")].map((one) => one.getAttribute("href")), ["/?image=3", "/?image=17"]);
});

test("two that no search brings together are compared all the same; one that is gone is said", async () => {
  serve((path) => (path.includes("matches") ? problem(503, "at_capacity", { wait: 1 }) : stored(3)));
  const view = new Compare({ go: () => {} });
  await view.enter(new URLSearchParams({ compare: "3,17" }));
  assert.ok(view.element.querySelector(".comparison"));
  serve(() => problem(404, "unknown_image"));
  await view.enter(new URLSearchParams({ compare: "3,17" }));
  await settled();
  assert.equal(view.element.querySelector("[role=alert]").textContent, "This picture is no longer in the library.");
});
