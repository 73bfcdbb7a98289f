// The service worker. It keeps the files of the page itself, so that the page opens where the server cannot be reached;
// nothing of the library. The server puts `SHELL` before this: the version of the page, and the files of that version.
const KEPT = `pictrace-${SHELL.version}`;
const worker = /** @type {any} */ (self);
const SHARED = "pictrace-shared"; // incoming.js reads it

worker.addEventListener("install", (event) => event.waitUntil(keep()));
worker.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const address = new URL(url);
  if (address.origin !== location.origin) return;
  const isFile = address.pathname.startsWith(`/files/${SHELL.version}/`);
  if (method === "POST" && address.pathname === "/share") event.respondWith(takeShared(event.request));
  if (method === "GET" && mode === "navigate" && address.pathname === "/") event.respondWith(openPage(event.request));
  if (method === "GET" && isFile) event.respondWith(openFile(event.request));
});

async function keep() {
  const kept = await caches.open(KEPT);
  await kept.addAll(["/", ...SHELL.files]);
  await worker.skipWaiting();
}

async function dropOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("pictrace-") && name !== KEPT && name !== SHARED);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** The page as the server has it now, or else, where the server is away or a proxy says so, as it was. */
async function openPage(request) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.status < 500) {
      if (answer.ok && !new URL(request.url).search) await keepPage(kept, answer.clone());
      return answer;
    }
  } catch {
    // It is away.
  }
  return (await kept.match("/")) ?? Response.error();
}

/** In the language that was chosen last; of another version it would miss its files. */
async function keepPage(kept, answer) {
  const copy = answer.clone();
  if ((await answer.text()).includes(SHELL.version)) await kept.put("/", copy);
}

/** A file of this version never changes. */
async function openFile(request) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await kept.put(request, answer.clone());
  return answer;
}

/** Keep what another app shares until the page takes it up; the latest share has the largest number. */
async function takeShared(request) {
  const form = await request.formData();
  const shared = await caches.open(SHARED);
  const pictures = form.getAll("pictures").filter((one) => one instanceof File && one.size > 0);
  const words = ["url", "text", "title"].map((name) => form.get(name)).filter(Boolean).join("\n");
  const parts = pictures.length ? pictures : [new File([words], "", { type: "text/plain" })];
  const share = Date.now();
  for (const [place, part] of parts.entries()) {
    const headers = { "Content-Type": part.type || "application/octet-stream", "X-Name": encodeURIComponent(part.name) };
    await shared.put(`/share/${share}/${place}`, new Response(part, { headers }));
  }
  return Response.redirect("/?shared", 303);
}
