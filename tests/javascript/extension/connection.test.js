import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { install, serve } from "./chrome.js";
import { load, ROOT } from "./packed.js";

install();
serve();
const { Server } = await load("api-client.js");
const { greet } = await load("connection.js");
const messages = await load("messages.js");
const { sentence } = await load("shared/problem.js");

const fails = () => Promise.reject(new TypeError("Failed to fetch"));
const json = (value, status = 200) => new Response(JSON.stringify(value), { status });
const problemAt = (address, answer) => {
  serve(answer);
  return greet(new Server(address, "secret")).then(assert.fail, (error) => error);
};
const LANGUAGES = readdirSync(new URL("locales/", ROOT)).map((name) => name.replace(".json", ""));

const obstacles = [
  ["nothing on this computer", "http://localhost:5000", fails, "nothing_here", "http://localhost:5000"],
  ["nothing at an address of the network", "http://192.168.1.7:5000", fails, "nothing_there", "PICTRACE_HOST=0.0.0.0"],
  ["a name without a dot", "http://nas:5000", fails, "nothing_by_name", "nas"],
  ["a name of the local network", "http://nas.lan:5000", fails, "nothing_by_name", "nas.lan"],
  ["https that fails", "https://nas.lan", fails, "no_secure_connection", "https://nas.lan"],
  ["https only", "http://nas.lan:5000", (url) => (url.startsWith("https:") ? new Response() : fails()), "https_only", "https://"],
  ["https only, told as a bad request", "http://nas.lan:5000", (url) => new Response("", { status: url.startsWith("https:") ? 200 : 400 }), "https_only", "https://"],
  ["another address", "http://nas.lan", (url, { redirect }) => (redirect === "manual" ? { type: "opaqueredirect" } : fails()), "sends_on", "http://nas.lan"],
  ["a name that the server does not go by", "http://nas.lan:5000", () => json({ code: "wrong_host", detail: "" }, 421), "host_not_allowed", "PICTRACE_ALLOWED_HOSTS=nas.lan"],
  ["another program", "http://nas.lan:8080", () => new Response("<h1>Router</h1>"), "not_pictrace", "http://nas.lan:8080"],
  ["another program that knows no such page", "http://nas.lan:8080", () => new Response("", { status: 404 }), "not_pictrace", "http://nas.lan:8080"],
];
for (const [what, address, answer, code, named] of obstacles) {
  test(`${what}: ${code}, and the sentence names ${named} in every language`, async () => {
    const problem = await problemAt(address, answer);
    assert.equal(problem.code, code);
    for (const language of LANGUAGES) {
      serve();
      await messages.use(language);
      assert.ok(sentence(problem).includes(named), sentence(problem));
      assert.doesNotMatch(sentence(problem), /[{}]/);
    }
  });
}

test("what is asked to find out goes without the key, and follows nothing", async () => {
  const asked = serve(fails);
  await greet(new Server("http://nas.lan:5000", "secret")).catch(() => null);
  const [first, ...others] = asked;
  assert.equal(first.headers.Authorization, "Bearer secret");
  assert.deepEqual(others.map(({ url }) => url), ["http://nas.lan:5000/v1/server", "https://nas.lan:5000"]);
  for (const { headers, credentials, redirect, mode } of others) {
    assert.deepEqual([headers, credentials], [undefined, "omit"]);
    assert.ok(redirect === "manual" || mode === "no-cors");
  }
});

test("other problems are left as they are", async () => {
  assert.equal((await problemAt("http://nas.lan", () => json({ code: "wrong_key", detail: "" }, 401))).code, "wrong_key");
  assert.equal((await problemAt("http://nas.lan", () => new Response("", { status: 502 }))).code, "server");
});
