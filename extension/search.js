// How a picture gets to the server. Its address goes first; where the server cannot fetch it, its bytes: read in the
// page, or by the user's permission from the picture's own host; at last what is to be seen of it.
import * as browser from "./browser.js";
import { originsOf } from "./api-client.js";
import { fitting, fromDataUrl, keepable } from "./picture.js";
import { Page, Unreadable } from "./page.js";
import { Problem } from "./shared/problem.js";

// With these the server says: not by this address, but perhaps by another way.
const BY_ANOTHER_WAY = [
  "invalid_url",
  "invalid_request", // an address longer than the server takes
  "url_refused",
  "too_many_redirects",
  "fetch_denied",
  "fetch_failed",
  "fetch_timeout",
  "not_an_image",
  "unsupported_format",
  "empty_file",
  "damaged_image",
  "file_too_large",
  "too_many_pixels",
  "too_costly",
];
const SAME_SHAPE = 0.03; // by which two pictures' proportions may differ and still be one picture
const MOST_WAIT_S = 120;

/** Nothing came of any way; `tried` says what became of each. */
export class NoWay extends Problem {
  constructor(tried, host) {
    super("no_way");
    this.tried = tried;
    this.host = host;
  }
}

/** The user left the picker, or the rectangle. */
export class Left extends Error {}

/**
 * Give the server the picture of a question by the first way that works, and let `act` ask it: `act(sent)` gets
 * {url} or {blob, name} and answers with the server's JSON.
 *
 * `means`: limits (the server's), texts (for the picker), note(step) is told what is under way, signal; and where asking
 * changes something, retract(answer), for when the server was given another picture than the user sees.
 * Answers {way, sent, answer, tried, host, shrunk}: `host` is one that reading from could be allowed. Throws what the
 * server says, NoWay, or Left.
 */
export async function give(question, act, means) {
  const page = question.tabId === undefined ? null : new Page(question);
  const seen = await look(question, page, means);
  if (seen.wantsArea) return give({ ...question, by: "area" }, act, means);
  if (seen.isChosen) page.glimpse().then((preview) => preview && means.note("seen", { preview }), () => {});
  const tried = [];
  const host = await foreignHost(seen.addresses, question);
  for await (const [way, get] of waysOf(question, page, seen, means)) {
    means.signal.throwIfAborted();
    means.note(way);
    try {
      const got = await get();
      if (!got) {
        tried.push({ way, code: "not_readable" });
        continue;
      }
      const { shrunk = false, ...sent } = got;
      const answer = await patiently(() => act(sent), means);
      if (sent.url && isAnother(answer, seen)) {
        await means.retract?.(answer);
        tried.push({ way, code: "another_picture" });
        continue;
      }
      return { way, sent, answer, tried, shrunk, host: ["capture", "area"].includes(way) ? host : null };
    } catch (error) {
      if (means.signal.aborted) throw error;
      const isPassable = error instanceof Unreadable || (["address", "page"].includes(way) && BY_ANOTHER_WAY.includes(error.code));
      if (!isPassable) throw error;
      tried.push({ way, code: error instanceof Unreadable ? "unscriptable" : error.code });
    }
  }
  throw new NoWay(tried, host);
}

/** What is sent as it can be kept: {url} or {dataUrl, name}; null where it is too large. */
export async function kept({ url, blob, name }) {
  if (url) return { url };
  const dataUrl = await keepable(blob);
  return dataUrl && { dataUrl, name };
}

/** The same again, as it was sent. */
export async function resent({ url, dataUrl, name }) {
  return url ? { url } : { blob: await fromDataUrl(dataUrl), name };
}

/** Where the server asks to wait, wait as long as it says, telling so. */
export async function patiently(act, { note, signal }) {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const wait = error.retryAfter;
      if (!["rate_limited", "at_capacity", "library_busy"].includes(error.code) || !wait || wait > MOST_WAIT_S) throw error;
      note("waiting", { code: error.code, until: Date.now() + wait * 1000 });
      await pause(wait * 1000, signal);
      note("again");
    }
  }
}

/** Which picture it is: {addresses, width, height, isChosen}; or that a piece of the page is wanted: {wantsArea}. */
async function look(question, page, { note, texts }) {
  const known = { addresses: question.url ? [question.url] : [], width: 0, height: 0, isChosen: false };
  if (question.by === "picture" && page) {
    // Without the page only the address of the click is known: that may do.
    const told = await page.choose(question).catch(() => null);
    if (told) return { ...told, addresses: unique([...told.addresses, question.url]), isChosen: true };
  }
  if (question.by === "here") {
    const told = (question.element && (await page.choose(question).catch(() => null))) || (await picked(page, note, texts, question));
    return { ...told, isChosen: !told.wantsArea };
  }
  return known;
}

async function picked(page, note, texts, { frameUrl }) {
  note("picking");
  try {
    const told = await page.pick(texts);
    if (!told) throw new Left();
    return told;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new NoWay([{ way: "page", code: "unscriptable" }], await foreignHost([], { frameUrl }));
  }
}

/**
 * The ways for a question, in order, each with what gets {url} or {blob, name}.
 * @returns {AsyncGenerator<[string, () => Promise<any>]>}
 */
async function* waysOf(question, page, seen, { limits, texts }) {
  if (question.by === "bytes") {
    yield ["file", async () => ({ ...(await fitted(await fromDataUrl(question.dataUrl), limits)), name: question.name })];
    return;
  }
  if (question.by === "area") {
    yield ["area", async () => {
      const blob = await page.area(texts.area);
      if (!blob) throw new Left();
      return { blob, name: "capture.png" };
    }];
    return;
  }
  const web = seen.addresses.filter((address) => /^https?:/i.test(address));
  if (!question.skipsAddress) for (const url of web) yield ["address", async () => ({ url })];
  const name = nameOf(web[0]);
  if (page && seen.isChosen) yield ["page", async () => {
    const read = await page.read(limits);
    return read && { ...read, name };
  }];
  for (const url of web) {
    if (!(await browser.mayReach(originsOf(url)))) continue;
    yield ["host", async () => {
      const blob = await readFrom(url);
      return blob && { ...(await fitted(blob, limits)), name };
    }];
  }
  if (page && !question.adds) yield ["capture", async () => {
    const blob = await page.capture();
    return blob && { blob, name: "capture.png" };
  }];
}

/** The picture from its own host, with the user's cookies there, where the user has allowed it. */
async function readFrom(url) {
  try {
    const response = await fetch(url, { credentials: "include", referrerPolicy: "no-referrer" });
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  }
}

async function fitted(blob, limits) {
  const found = await fitting(blob, limits);
  return { blob: found, shrunk: found !== blob };
}

/**
 * Whether the server was given another picture at this address than the user sees: a notice, a log-in's ornament, or the
 * picture of a web page that stood in its place.
 */
function isAnother({ query: asked, image, page }, seen) {
  if (page && seen.isChosen) return true;
  const query = asked ?? image;
  if (!query || seen.width < 3 || seen.height < 3) return false;
  const shape = (query.width * seen.height) / (query.height * seen.width);
  return Math.abs(Math.log(shape)) > SAME_SHAPE + 1.5 / Math.min(query.width, query.height, seen.width, seen.height);
}

/** A host that pictures could be read from, if the user allowed it: the picture's, or that of the frame around it. */
async function foreignHost(addresses, { frameUrl }) {
  for (const address of [...addresses, frameUrl]) {
    if (!/^https?:/i.test(address ?? "")) continue;
    const origins = originsOf(address);
    if (!(await browser.mayReach(origins))) return { name: new URL(address).hostname, origins };
  }
  return null;
}

function nameOf(url) {
  try {
    return decodeURIComponent(new URL(url).pathname.split("/").pop()) || "picture";
  } catch {
    return "picture";
  }
}

const unique = (addresses) => [...new Set(addresses.filter(Boolean))];

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
