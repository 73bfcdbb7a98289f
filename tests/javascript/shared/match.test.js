import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { buttonOf, matched, openWindow, serve, settled } from "../window.js";

openWindow();
serve(() => assert.fail("only files are asked for"));
const { load } = await import("../../../api/web/shared/i18n.js");
const { Problem } = await import("../../../api/web/shared/problem.js");
const { openDialogs } = await import("../../../api/web/shared/dialog.js");
const show = await import("../../../api/web/shared/match.js");

const nothing = () => {};
const texts = (around, selector) => [...around.querySelectorAll(selector)].map((one) => one.textContent);
const cardOf = (match, place) => show.card(match, { place, calibrated: true, picture: document.createElement("img"), why: nothing, point: nothing });
const answer = (...matches) => show.answerSection({ matches }, { cardOf, others: 40, showWeak: nothing });

before(() => load("en", new URL("../../../api/web/locales/", import.meta.url)));
beforeEach(() => openDialogs().forEach((dialog) => dialog.close()));

test("matches stand in their lanes, and keep the server's places", () => {
  const section = answer(
    matched({ name: "a" }),
    matched({ name: "b", lane: "alike", grade: "alike" }),
    matched({ name: "e", lane: "variant", grade: "variant" }),
    matched({ name: "c", lane: "alike", grade: "weak", weak: true }),
    matched({ name: "d" }),
  );
  assert.deepEqual(texts(section, "h2"), ["The same picture", "Another version", "Looks alike", "The nearest others (1)"]);
  assert.deepEqual(texts(section, "h1"), ["4 matches"]);
  assert.deepEqual(texts(section, "h3"), ["Match 1: a", "Match 5: d", "Match 3: e", "Match 2: b", "Match 4: c"]);
  const classes = [...section.querySelectorAll(".card")].map((one) => one.className);
  assert.deepEqual(classes, ["card same", "card same", "card variant", "card alike", "card weak"]);
});

test("the nearest others are folded away beside something certain, until more is asked for", () => {
  const matches = [matched(), matched({ name: "c", lane: "alike", grade: "weak", weak: true })];
  for (const more of [false, true]) {
    const section = show.answerSection({ matches }, { cardOf, others: 40, showWeak: null, more });
    assert.equal(section.querySelector("details.others").hasAttribute("open"), more);
  }
});

test("what there is to know of the picture stands above the matches, in the reader's language where it has words for it", () => {
  const warnings = [
    { code: "cut_short", message: "The server's words." },
    { code: "quite_new", message: "Something new." },
  ];
  for (const matches of [[matched()], []]) {
    const section = show.answerSection({ matches, warnings }, { cardOf, others: 40, showWeak: null });
    const said = ["The file breaks off: the end of the picture, or its finest details, are missing.", "Something new."];
    assert.deepEqual(texts(section, ".warning"), said);
    assert.equal(section.firstElementChild.className, "warning");
  }
  assert.deepEqual(texts(answer(matched()), ".warning"), []);
});

test("the weak ones wait behind a button where something certain is there, and else are shown", () => {
  const weak = matched({ name: "far", lane: "alike", grade: "weak", weak: true });
  const alike = matched({ name: "near", lane: "alike", grade: "alike" });
  assert.deepEqual(texts(answer(matched(), weak).querySelector("details"), "h3"), ["Match 2: far"]);
  assert.equal(answer(matched(), weak).querySelector("details").hasAttribute("open"), false);
  assert.ok(answer(matched({ lane: "variant", grade: "variant" }), weak).querySelector("details"));
  assert.equal(answer(alike, weak).querySelector("details"), null);
  assert.deepEqual(texts(answer(alike, weak), "h2"), ["Looks alike", "The nearest others"]);
});

test("a heading says what its lane means", () => {
  const section = answer(matched(), matched({ lane: "variant", grade: "variant" }), matched({ lane: "alike", grade: "alike" }));
  const helps = [...section.querySelectorAll("h2")].map((one) => one.getAttribute("title"));
  assert.equal(helps[1], "How likely it is that this is another version: the same scene or layout, with other content.");
  assert.equal(new Set(helps).size, 3);
  const scores = [...section.querySelectorAll(".score")].map((one) => one.getAttribute("title"));
  assert.deepEqual(scores, helps);
  const classes = [...section.querySelectorAll(".score")].map((one) => one.className);
  assert.deepEqual(classes, ["score same", "score variant", "score alike"]);
});

test("a lane without matches has no heading", () => {
  const section = answer(matched({ lane: "alike", grade: "very_alike" }));
  assert.deepEqual(texts(section, "h2"), ["Looks alike"]);
  assert.deepEqual(texts(section, "h1"), ["1 match"]);
});

test("nothing like it: the nearest are offered", () => {
  let asked = 0;
  const section = show.answerSection({ matches: [] }, { cardOf, others: 40, showWeak: () => (asked += 1) });
  assert.deepEqual(texts(section, "h1"), ["Nothing like it is here"]);
  assert.deepEqual(texts(section, "p"), ["None of the 40 pictures in the library is near it.", "Show the nearest anyway"]);
  buttonOf("Show the nearest anyway", section).click();
  assert.equal(asked, 1);
});

test("nothing like it: the nearest are not offered twice, nor of an empty library", () => {
  const once = show.answerSection({ matches: [] }, { cardOf, others: 40, showWeak: null });
  assert.equal(buttonOf("Show the nearest anyway", once), undefined);
  const empty = show.answerSection({ matches: [] }, { cardOf, others: 0, showWeak: nothing });
  assert.equal(buttonOf("Show the nearest anyway", empty), undefined);
  assert.ok(empty.textContent.includes("The library is empty"));
});

test("nothing like it: the nearest are no matches", () => {
  const section = answer(matched({ name: "far", lane: "alike", grade: "weak", weak: true }));
  assert.deepEqual(texts(section, "h1"), ["Nothing like it is here"]);
  assert.deepEqual(texts(section, "h2"), ["The nearest others"]);
  assert.deepEqual(texts(section, ".card.weak h3"), ["Match 1: far"]);
});

test("the grade is said, with the probability that the lane's score is", () => {
  assert.deepEqual(texts(show.score(matched(), true), "p"), ["Certainly the same 98%"]);
  assert.deepEqual(texts(show.score(matched({ lane: "alike", grade: "very_alike", score: 0.7 }), true), "p"), ["Very much alike 70%"]);
  assert.deepEqual(texts(show.score(matched({ score: 1 }), true), "p"), ["Certainly the same >99%"]);
  const variant = matched({ lane: "variant", grade: "variant", score: 0.93, p_same: 0.07 });
  assert.deepEqual(texts(show.score(variant, true), "p"), ["Another version 93%"]);
});

test("the very same bytes need no percentage", () => {
  const said = show.score(matched({ grade: "identical", score: 1 }, { exact: true }), true);
  assert.deepEqual(texts(said, "p"), ["The same file"]);
});

test("without calibration there are words only", () => {
  const said = show.score(matched(), false);
  assert.deepEqual(texts(said, "p"), ["Certainly the same"]);
  assert.equal(said.querySelector("svg"), null);
  assert.equal(show.score(matched({ score: 0.4 }), true).querySelectorAll("rect")[1].getAttribute("width"), "40");
});

test("an older server gives no grade", () => {
  assert.deepEqual(texts(show.score(matched({ grade: undefined }), true), "strong"), ["Probably the same"]);
  assert.deepEqual(texts(show.score(matched({ grade: undefined, lane: "alike" }), true), "strong"), ["Alike"]);
});

test("only the very same bytes are certain", () => {
  assert.equal(show.honest(1, { exact: false }), 0.999);
  assert.equal(show.honest(0.2, { exact: true }), 1);
  assert.equal(show.honest(0.2, { exact: false }), 0.2);
});

test("edits are named where it is the same picture, and only there", () => {
  const edits = ["mirrored", "inside_larger"];
  assert.deepEqual(texts(cardOf(matched({}, { edits }), 1), ".edits li"), ["mirrored", "inside a larger picture"]);
  assert.equal(cardOf(matched({}, { edits: [] }), 1).querySelector(".edits"), null);
  assert.equal(cardOf(matched({ lane: "alike" }, { edits }), 1).querySelector(".edits"), null);
  assert.equal(cardOf(matched({ lane: "variant" }, { edits }), 1).querySelector(".edits"), null);
});

test("a card leads to where the picture is from: its page, else its address, if they are of the web", () => {
  const sourceOf = (more) => cardOf(matched(more), 1).querySelector("a")?.getAttribute("href");
  assert.equal(sourceOf({ page_url: "https://p/", source_url: "https://s/" }), "https://p/");
  assert.equal(sourceOf({ page_url: "javascript:alert(1)", source_url: "https://s/" }), "https://s/");
  assert.equal(sourceOf({ page_url: null, source_url: "file:///etc/passwd" }), undefined);
});

test("pointing at a card and asking why call for its match", () => {
  const said = [];
  const made = show.card(matched({ title: "A cup" }), {
    place: 1,
    calibrated: true,
    picture: document.createElement("img"),
    why: () => said.push("why"),
    point: () => said.push("point"),
  });
  made.dispatchEvent(new Event("pointerenter"));
  made.dispatchEvent(new Event("focusin"));
  const ask = buttonOf("Why?", made);
  ask.click();
  assert.deepEqual(said, ["point", "point", "why"]);
  assert.equal(ask.getAttribute("aria-label"), "Why? A cup");
});

test("why: the points that agree, and what was done", () => {
  assert.deepEqual(show.reasons(matched({}, { edits: ["mirrored", "cropped"] })), ["31 points agree in position.", "What was done to it: mirrored, cropped."]);
  assert.deepEqual(show.reasons(matched({}, { keypoints: 0 })), ["Laid on each other, the two pictures agree."]);
  assert.deepEqual(show.reasons(matched({ lane: "alike" })), ["No part of one was found in the other; they only look alike."]);
  assert.deepEqual(show.reasons(matched({}, { exact: true, edits: ["cropped"] })), ["It is the same file, byte for byte.", "Nothing was changed."]);
});

test("why: another version shares much, and what differs is counted", () => {
  const differs = [{ x: 0, y: 0, width: 0.1, height: 0.1 }, { x: 0.5, y: 0, width: 0.1, height: 0.1 }];
  const shares = "The two share a scene or a layout, but show different things in it: another version, not the same picture.";
  const variant = (evidence) => show.reasons(matched({ lane: "variant" }, evidence));
  assert.deepEqual(variant({ differs }), [shares, "31 points agree in position.", "2 marked parts differ."]);
  assert.deepEqual(variant({ keypoints: 0 }), [shares]);
  assert.deepEqual(show.reasons(matched({}, { differs: differs.slice(1) })), ["31 points agree in position.", "1 marked part differs."]);
  assert.deepEqual(variant({ keypoints: 0, differs: undefined }), [shares]); // of an older server
});

test("why: the picture is shown while its dialog is open, and let go of after", async () => {
  const let_go = [];
  URL.createObjectURL = () => "blob:why";
  URL.revokeObjectURL = (url) => let_go.push(url);
  await show.showWhy(matched(), { calibrated: true, picture: async () => new Blob(["x"]) });
  const [dialog] = openDialogs();
  assert.deepEqual(texts(dialog, "h2"), ["Why does “coffee.png” match?"]);
  assert.equal(dialog.querySelector("img").getAttribute("src"), "blob:why");
  assert.equal(dialog.querySelector("[role=status]"), null);
  assert.deepEqual(let_go, []);
  dialog.close();
  await settled();
  assert.deepEqual(let_go, ["blob:why"]);
});

test("why: what went wrong is said", async () => {
  const picture = () => Promise.reject(new Problem("unknown_image"));
  await show.showWhy(matched(), { calibrated: true, picture });
  assert.deepEqual(texts(openDialogs()[0], "[role=alert]"), ["This picture is no longer in the library."]);
});

test("an outline is drawn where the match lies, and taken away", () => {
  const { element, outline } = show.framed("data:,x");
  const points = () => [...element.querySelectorAll("polygon")].map((one) => one.getAttribute("points"));
  outline(matched({}, { outline: [[0, 0], [1, 0], [1, 0.5], [0, 0.5]] }));
  assert.deepEqual(points(), ["0,0 1,0 1,0.5 0,0.5", "0,0 1,0 1,0.5 0,0.5"]);
  outline(matched());
  assert.deepEqual(points(), []);
  outline(undefined);
  assert.deepEqual(points(), []);
  assert.equal(element.querySelector("img").getAttribute("src"), "data:,x");
});

test("what differs is boxed in the query, and its colour explained, as long as that match is pointed at", () => {
  const { element, outline } = show.framed("data:,x");
  const boxes = () => [...element.querySelectorAll("rect:not(.under)")].map((one) => ["x", "y", "width", "height"].map((name) => one.getAttribute(name)));
  const legend = element.querySelector(".legend");
  assert.ok(legend.hasAttribute("hidden"));
  const differs = [{ x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, { x: 0.5, y: 0, width: 0.1, height: 0.2 }];
  outline(matched({ lane: "variant" }, { outline: [[0, 0], [1, 0], [1, 1], [0, 1]], differs }));
  assert.deepEqual(boxes(), [["0.1", "0.2", "0.3", "0.4"], ["0.5", "0", "0.1", "0.2"]]);
  assert.equal(element.querySelectorAll("polygon").length, 2);
  assert.equal(element.querySelectorAll("rect.under").length, 2);
  assert.equal(legend.hasAttribute("hidden"), false);
  assert.equal(legend.textContent, "The two differ here");
  for (const other of [matched(), undefined, matched({}, { differs: undefined })]) {
    outline(other);
    assert.deepEqual(boxes(), []);
    assert.ok(legend.hasAttribute("hidden"));
  }
});
