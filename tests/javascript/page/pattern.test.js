import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleTitles } from "../../../api/web/pattern.js";

const images = [
  { name: "DSC_1.final.jpg", title: "Mill", taken_at: "2019-05-02T10:00:00", created_at: "2024-01-01T00:00:00Z" },
  { name: ".hidden", title: null, taken_at: null, created_at: "2024-01-02T00:00:00Z" },
];

test("a pattern is filled in for each picture", () => {
  assert.deepEqual(exampleTitles("{number}. {name}", images), ["1. DSC_1.final", "2. .hidden"]);
  assert.deepEqual(exampleTitles("{title} ({date})", images), ["Mill (2019-05-02)", "(2024-01-02)"]);
});

test("what is no word of the pattern stays, and nothing that is filled in is looked at again", () => {
  assert.deepEqual(exampleTitles("{Name} {}", [images[0]]), ["{Name} {}"]);
  assert.deepEqual(exampleTitles("{title}", [{ ...images[0], title: "{number} $&" }]), ["{number} $&"]);
});
