// The panel, or a tab of its own: has a search carried out, and shows it. All it needs is in the session's storage, so it
// goes on after being closed, and without the worker. A later search takes the place of an earlier one.
import { MOST_SHOWN, originsOf, Server, SHOWN } from "../api-client.js";
import * as browser from "../browser.js";
import { use } from "../messages.js";
import { keepable, thumbnail } from "../picture.js";
import { openSettings, ownPlace } from "../places.js";
import { resent } from "../search.js";
import { button, h, refill } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { framed, showWhy } from "../shared/match.js";
import { Problem, sentence } from "../shared/problem.js";
import * as storage from "../storage.js";
import { askForm } from "../ui/ask-form.js";
import { entryOf, historyList, questionOf } from "../ui/history-list.js";
import { addedView, addForm } from "./add-form.js";
import { answerView } from "./answer.js";
import { carryOut, failureOf, reach } from "./carry-out.js";
import { failureView } from "./failure.js";

const main = h("main", { id: "main", tabindex: "-1" });
let place;
let settings;
let server;
let about = null; // what the server said of itself last
let search = null; // {id, question, weak?, again?, said?; outcome or failure once it has ended; isUndone, isLong}
let sent = null; // what was sent, whole, for as long as this page lives
let cancel = null; // while something is under way
let clock = null;

async function start() {
  place = await ownPlace();
  await readSettings();
  storage.onSettings(async () => {
    await readSettings();
    renderHeader();
    if (!cancel) await show();
  });
  storage.onSearch(place, take);
  storage.onHistory(() => !search && show());
  renderHeader();
  await take(await storage.search(place));
}

async function readSettings() {
  settings = await storage.settings();
  server = Server.of(settings);
  await use(settings.language);
}

/** A search came, or went. */
async function take(value) {
  if (value && value.id === search?.id) return; // what this page wrote itself
  cancel?.abort();
  cancel = null;
  sent = null;
  search = value ?? null;
  const isReady = search && !search.outcome && !search.failure && (!search.question.adds || search.said);
  await (isReady ? run() : show());
}

async function run() {
  const own = search;
  const mine = new AbortController();
  const { signal } = mine;
  cancel = mine;
  renderProgress();
  try {
    about = await reach(server, signal);
    own.outcome = await carryOut(own, {
      server,
      limits: about.limits,
      signal,
      note: (step, more) => cancel === mine && note(step, more),
      told: (given) => (sent = given),
    });
  } catch (error) {
    if (signal.aborted) return;
    own.failure = failureOf(error);
  }
  if (signal.aborted) return;
  cancel = null;
  await keep(own);
  await show();
  document.getElementById("answer")?.focus({ preventScroll: true });
  if (own.outcome && !own.question.adds && !own.question.isPrivate) {
    const { answer, kept } = own.outcome;
    const small = await thumbnail(answer.query.preview);
    if (small) await storage.remember(entryOf({ url: kept?.url, answer }, small));
  }
}

/** For when the panel is closed and opened; what was sent is left out where it is too much for the storage. */
async function keep(own) {
  if (search !== own) return;
  const less = { ...own, outcome: own.outcome && { ...own.outcome, kept: null } };
  await storage.putSearch(place, own).catch(() => storage.putSearch(place, less));
}

/** Ask something in place of what there is. */
function ask(question, more = {}) {
  return storage.putSearch(place, { id: crypto.randomUUID(), question, ...more });
}

/** Ask with what was dropped, pasted, chosen or typed here, or lies in the history. */
async function askHere({ blob = null, ...question }) {
  const dataUrl = blob ? await keepable(blob) : question.dataUrl;
  if (blob && !dataUrl) return complain(sentence({ code: "file_too_large" }, about?.limits));
  return ask({ ...question, dataUrl, isPrivate: await browser.isPrivate() });
}

/** What was sent, or as much of it as could be kept. */
async function sentAgain() {
  if (sent) return sent;
  if (search.outcome.kept) return resent(search.outcome.kept);
  throw new Problem("gone");
}

/** Permissions must be asked for in the click itself, before anything is awaited. */
async function allow(origins, changes) {
  if (await browser.askToReach(origins)) await ask({ ...search.question, ...changes }, { said: search.said });
  else complain(t("allow.refused"));
}

async function add(said) {
  search = { ...search, said };
  await run();
}

async function undo() {
  try {
    await server.undo(search.outcome.answer.operation_id);
    await change(search, { isUndone: true });
  } catch (error) {
    complain(sentence(error));
  }
}

/** As many matches as the server gives, in place of the first few. */
async function showMore({ target }) {
  const own = search;
  target.disabled = true;
  target.classList.add("busy");
  try {
    const before = own.outcome.answer;
    const answer = await server.search(await sentAgain(), { weak: Boolean(own.weak), limit: MOST_SHOWN });
    const seesOthers = main.querySelector(".others[open]") || strongOf(answer) === strongOf(before);
    await change(own, { isLong: true, outcome: { ...own.outcome, answer } });
    if (seesOthers) main.querySelector(".others")?.setAttribute("open", "");
  } catch (error) {
    target.disabled = false;
    target.classList.remove("busy");
    complain(sentence(error, about?.limits));
  }
}

const strongOf = ({ matches }) => matches.filter(({ weak }) => !weak).length;

/** What became of a search that is shown, shown anew. */
async function change(own, changes) {
  if (search !== own) return;
  Object.assign(own, changes);
  await keep(own);
  await show();
}

function view() {
  if (!search) return idleView();
  const { question, outcome, failure } = search;
  if (failure) {
    const { tabId, windowId } = question;
    return failureView(failure, about?.limits, {
      again: () => ask(question, { said: search.said }),
      options: () => openSettings(),
      allowServer: () => allow(originsOf(settings.server)),
      openServer: () => browser.openAddress(settings.server),
      allow: (host) => allow(host.origins, { skipsAddress: true }),
      area: tabId !== undefined && !question.adds ? () => ask({ ...question, by: "area", tabId, windowId }) : null,
    });
  }
  if (question.adds) return outcome ? addedView(search, { server, undo }) : addForm(question, add);
  const { answer } = outcome;
  const again = { ...outcome, answer: undefined };
  return answerView(outcome, {
    server,
    allow: (host) => allow(host.origins, { skipsAddress: true }),
    why: (match) =>
      showWhy(match, {
        calibrated: answer.calibrated,
        picture: async () => server.why(match.id, await sentAgain()),
        limits: about?.limits,
      }),
    showWeak: search.weak ? null : () => (outcome.kept ? ask(question, { weak: true, again }) : ask(question, { weak: true })),
    showMore: !search.isLong && answer.matches.length >= SHOWN && answer.library_size > answer.matches.length ? showMore : null,
    add: settings.adminKey && outcome.kept ? () => ask({ ...question, adds: true, preview: answer.query.preview }, { again }) : null,
  });
}

async function idleView() {
  return [h("h1", {}, t("ask.heading")), askForm(askHere, complain), await historyList((entry) => askHere(questionOf(entry)))];
}

async function show() {
  clearInterval(clock);
  const parts = await view();
  main.removeAttribute("aria-busy");
  refill(main, parts);
}

function renderHeader() {
  const header = h(
    "header",
    { class: "top" },
    place.startsWith("tab-") && h("strong", {}, "PicTrace"), // the panel has its name above
    button(t("ask.again"), () => storage.dropSearch(place), { class: "quiet", id: "new" }),
    button(t("options.heading"), () => openSettings(), { class: "quiet" }),
  );
  document.body.replaceChildren(header, main);
}

function renderProgress() {
  main.setAttribute("aria-busy", "true");
  main.replaceChildren(
    h("p", { role: "status", id: "status" }, h("span", { class: "spinner" }), h("span", {})),
    h("p", { class: "row" }, button(t("app.cancel"), () => storage.dropSearch(place), { id: "cancel" })),
  );
  note("asking");
}

/**
 * Say what is under way.
 * @param {string} step
 * @param {{ preview?: string, until?: number, code?: string }} more
 */
function note(step, { preview, until, code } = {}) {
  if (step === "seen") {
    if (!main.querySelector(".framed")) main.prepend(framed(preview).element);
    return;
  }
  clearInterval(clock);
  const tell = (text) => (main.querySelector("#status").lastChild.textContent = text);
  if (step === "waiting") {
    const tick = () => tell(sentence({ code, retryAfter: Math.max(1, Math.ceil((until - Date.now()) / 1000)) }));
    tick();
    clock = setInterval(tick, 1000);
  } else {
    tell(t(has(`step.${step}`) ? `step.${step}` : "ask.searching"));
  }
}

function complain(text) {
  main.querySelector(".complaint")?.remove();
  main.prepend(h("p", { class: "problem complaint", role: "alert" }, text));
}

start();
