import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { about, buttonOf, matched, openWindow, serve, settled } from "../window.js";

openWindow();
serve(() => about());
const { use } = await import("../../../api/web/i18n.js");
const api = await import("../../../api/web/api.js");
const { openDialogs } = await import("../../../api/web/shared/dialog.js");
const { Results } = await import("../../../api/web/results.js");
await use("en");
await api.refresh();

const AROUND = [[-1, -1], [2, -1], [2, 2], [-1, 2]];
const INSIDE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]];
let gone;

function shown(matches, { question = { url: "http://x" }, ...more } = {}) {
  const asked = [];
  const answer = { query: { preview: "data:,x", width: 640, height: 480 }, timings_ms: { total: 71.6 }, library_size: 6, calibrated: true, weak: false, matches, ...more };
  const search = {
    answer, question, picture: null, preview: null, pieces: [], cancel: null,
    ask: (...how) => asked.push(how),
    askAgain: (changes) => gone.push(changes),
    compareWith: (id) => gone.push(`compare ${id}`),
  };
  const page = { go: (address) => gone.push(address) };
  const { element } = new Results(search, page);
  return { element, asked, caption: element.querySelector(".query .caption").textContent };
}

const numbers = (element) => Object.fromEntries([...element.querySelectorAll("dl div")].map((row) => [row.firstChild.textContent, row.lastChild.textContent]));

beforeEach(() => {
  gone = [];
  Object.assign(navigator, { clipboard: null });
  openDialogs().forEach((dialog) => dialog.close());
});

test("the picture that was asked with is shown, with its size and the time that it took", () => {
  const { element } = shown([matched()]);
  assert.equal(element.querySelector(".framed img").getAttribute("src"), "data:,x");
  assert.ok(element.querySelector(".query").textContent.includes("640 × 480 pixels · 72 ms"));
});

test("where the first match lies is drawn, and said", () => {
  assert.equal(shown([matched({ title: "A cup" }, { outline: INSIDE })]).caption, "The outline shows where “A cup” lies in your picture.");
  assert.equal(shown([matched({}, { outline: AROUND })]).caption, "Your picture is a part of “coffee.png”.");
  assert.equal(shown([matched({}, { outline: [...AROUND].reverse() })]).caption, "Your picture is a part of “coffee.png”.");
  const whole = [[1.01, -0.01], [-0.01, -0.01], [-0.01, 1.01], [1.01, 1.01]]; // a mirrored copy
  assert.equal(shown([matched({}, { outline: whole })]).caption, "");
  const variant = (outline) => shown([matched({ lane: "variant", grade: "variant" }, { outline })]).caption;
  for (const outline of [INSIDE, AROUND, whole]) assert.equal(variant(outline), "“coffee.png” is another version of your picture.");
  assert.equal(shown([matched()]).caption, "");
});

test("pointing at another match draws where that one lies; one without a place changes nothing", () => {
  const { element } = shown([matched({}, { outline: INSIDE }), matched({ name: "b" }, { outline: AROUND }), matched({ name: "c", lane: "alike" })]);
  const caption = element.querySelector(".query .caption");
  const cards = element.querySelectorAll(".card");
  cards[1].dispatchEvent(new Event("pointerenter"));
  assert.equal(caption.textContent, "Your picture is a part of “b”.");
  cards[2].dispatchEvent(new Event("focusin"));
  assert.equal(caption.textContent, "Your picture is a part of “b”.");
  assert.equal(element.querySelectorAll("polygon").length, 2);
});

test("the evidence is cut, not rounded up, and what was not measured is no zero", () => {
  const { element } = shown([matched({ p_same: 0.9999 }, { ssim: 0.999, cosine: null, phash_distance: 0, keypoints: 1234 })]);
  assert.deepEqual(numbers(element), {
    "Probability of the same picture": ">99%",
    "Points that agree": "1,234",
    "Structural similarity, laid on each other": "0.99",
    "Likeness of the whole (cosine)": "–",
    "Bits that differ (of 64)": "0",
  });
});

test("without calibration there are no probabilities, and it is said", () => {
  const { element } = shown([matched()], { calibrated: false });
  assert.ok(!("Probability of the same picture" in numbers(element)));
  assert.ok(!element.textContent.includes("%"));
  assert.ok(element.textContent.includes("This library's scores are not calibrated"));
});

test("the picture that a web page names is said to be that", () => {
  const said = "From the web page's preview picture.";
  assert.ok(shown([matched()], { page: true }).element.querySelector(".query").textContent.includes(said));
  assert.ok(!shown([matched()], { page: false }).element.textContent.includes(said));
});

test("the picture that is asked with from the library is not counted among the others", () => {
  assert.ok(shown([], { question: { like: 3 } }).element.textContent.includes("None of the 5 pictures"));
  assert.ok(shown([]).element.textContent.includes("None of the 6 pictures"));
});

test("the nearest are asked for once", () => {
  const { element, asked } = shown([]);
  buttonOf("Show the nearest anyway", element).click();
  assert.deepEqual(asked, [[{ url: "http://x" }, { weak: true }]]);
  assert.equal(buttonOf("Show the nearest anyway", shown([], { weak: true }).element), undefined);
});

test("a match leads on: to its page, to its file, to a search from it, to a comparison, to a new search", () => {
  const { element } = shown([matched({ tags: ["sample"] })]);
  element.querySelector(".card .to-page").dispatchEvent(new Event("click", { cancelable: true }));
  assert.equal(element.querySelector(".card .badge").textContent, "Sample");
  const [download] = [...element.querySelectorAll(".card a")].filter((one) => one.textContent === "Download");
  assert.deepEqual([download.getAttribute("href"), download.getAttribute("download")], ["/v1/images/7/file", "coffee.png"]);
  buttonOf("Search from here", element).click();
  buttonOf("Compare", element).click();
  buttonOf("New search", element).click();
  assert.deepEqual(gone, ["/?image=7", "/?like=7", "compare 7", "/"]);
});

test("a card says how large the picture is, since when it is here, and its tags, which lead to the library", () => {
  const { element } = shown([matched({ tags: ["comics & more"] })]);
  assert.match(element.querySelector(".card .fine").textContent, /^640 × 480 pixels, 120\u00a0kB · added Nov 27, 2026/);
  element.querySelector(".card .tag").dispatchEvent(new Event("click", { cancelable: true }));
  assert.deepEqual(gone, ["/?view=library&tag=comics%20%26%20more"]);
  const older = shown([matched({ byte_size: undefined, created_at: undefined })]).element; // of an older server
  assert.equal(older.querySelector(".card .fine").textContent, "640 × 480 pixels");
});

test("more are offered where there may be more, once", () => {
  const five = Array.from({ length: 5 }, (_, index) => matched({ id: index }));
  const { element, asked } = shown(five);
  buttonOf("Show more", element).click();
  assert.deepEqual(asked, [[{ url: "http://x" }, { weak: false, more: true }]]);
  assert.equal(buttonOf("Show more", shown(five, { more: true }).element), undefined);
  assert.equal(buttonOf("Show more", shown(five.slice(1)).element), undefined);
});

test("where nothing is like it, an admin may add it; nobody else, and nothing that is there", async () => {
  const offers = (matches, more) => Boolean(buttonOf("Add this picture", shown(matches, more).element));
  assert.equal(offers([]), false);
  serve(() => about({ access: "admin" }));
  await api.refresh();
  assert.deepEqual([offers([]), offers([matched({ lane: "alike", weak: true })]), offers([matched()]), offers([], { question: { like: 3 } })], [true, true, false, false]);
  serve(() => about());
  await api.refresh();
});

test("only what has an address can be copied as a link", async () => {
  const copied = [];
  Object.assign(navigator, { clipboard: { writeText: async (text) => copied.push(text) } });
  assert.equal(buttonOf("Copy a link to this search", shown([], { question: { file: new File([], "a") } }).element), undefined);
  buttonOf("Copy a link to this search", shown([]).element).click();
  await settled();
  assert.deepEqual(copied, ["http://localhost:5000/"]);
});

test("why is asked with the question, and the answer is shown", async () => {
  URL.createObjectURL = () => "blob:why";
  const asked = serve(() => new Response("jpeg"));
  buttonOf("Why?", shown([matched()]).element).click();
  await settled();
  assert.deepEqual([asked[0].path, asked[0].json], ["/v1/images/7/why", { url: "http://x", words: false }]);
  assert.equal(document.querySelector("dialog img").getAttribute("src"), "blob:why");
});
