import assert from "node:assert/strict";
import { test } from "node:test";
import { openWindow } from "../window.js";

openWindow();
const { dropped, filesOf, folderOf } = await import("../../../api/web/dropped.js");

const file = (name, content = "x", path = "") => Object.assign(new File([content], name), path && { webkitRelativePath: path });
const entry = (one) => ({ name: one.name, isDirectory: false, file: (done) => done(one) });

function folder(name, ...inside) {
  const parts = [inside.slice(0, 1), inside.slice(1), []];
  return /** @type {any} */ ({ name, isDirectory: true, createReader: () => ({ readEntries: (done) => done(parts.shift()) }) });
}

async function read(given, archives = [".zip"]) {
  const found = [];
  for await (const one of filesOf(given, archives)) found.push(one.file?.name ?? one.unreadable ?? "-");
  return found;
}

test("of a drop, folders are given as folders and all else as files", () => {
  const [one, trip] = [file("a.jpg"), folder("trip")];
  const items = [
    { kind: "string" },
    { kind: "file", webkitGetAsEntry: () => entry(one), getAsFile: () => one },
    { kind: "file", webkitGetAsEntry: () => trip, getAsFile: () => null },
    { kind: "file", getAsFile: () => one },
  ];
  assert.deepEqual(dropped(/** @type {any} */ ({ items, files: [] })), [one, trip, one]);
  assert.deepEqual(dropped(/** @type {any} */ ({ files: [one] })), [one]);
});

test("a folder is read to its depth, and what is no picture in it passed over", async () => {
  const inner = folder("inner", entry(file("b.PNG")), folder("@eaDir", entry(file("c.jpg"))), entry(file("x.zip")));
  const trip = folder("trip", entry(file("a.jpg")), inner, entry(file("Thumbs.db")), entry(file(".hidden.jpg")), entry(file("notes.txt")));
  assert.deepEqual(await read([trip, file("named.txt")]), ["a.jpg", "b.PNG", "-", "x.zip", "-", "-", "-", "named.txt"]);
});

test("files without a known ending are told by how they begin", async () => {
  const heads = { jpeg: "\xff\xd8\xff\xe0", riff: "RIFF1234WEBP", wave: "RIFF1234WAVE", heic: "\0\0\0\x18ftypheic", video: "\0\0\0\x18ftypmp42", text: "Dear Sir" };
  const entries = Object.entries(heads).map(([name, head]) => entry(new File([Uint8Array.from(head, (one) => one.charCodeAt(0))], name)));
  assert.deepEqual(await read([folder("trip", ...entries)]), ["jpeg", "riff", "-", "heic", "-", "-"]);
});

test("a chosen folder is judged by the paths of its files", async () => {
  const given = [file("a.jpg", "x", "trip/a.jpg"), file("b.jpg", "x", "trip/@eaDir/b.jpg"), file("c.txt", "x", "trip/c.txt")];
  assert.deepEqual([await read(given), folderOf(given)], [["a.jpg", "-", "-"], "trip"]);
  assert.equal(folderOf([file("a.jpg"), file("b.jpg")]), null);
  assert.equal(folderOf([folder("one"), folder("two")]), null);
});

test("what cannot be read is named", async () => {
  const locked = { name: "locked.jpg", isDirectory: false, file: (_, failed) => failed(new Error("no")) };
  const closed = /** @type {any} */ ({ name: "closed", isDirectory: true, createReader: () => ({ readEntries: (_, failed) => failed(new Error("no")) }) });
  assert.deepEqual(await read([folder("trip", locked), closed]), ["locked.jpg", "closed"]);
});
