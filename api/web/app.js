// The page: header, language, key, and which of the views is shown.
import * as api from "./api.js";
import { dropped } from "./dropped.js";
import { Duplicates } from "./duplicates.js";
import { preferred, use } from "./i18n.js";
import { openKeys } from "./keys.js";
import { Library } from "./library.js";
import { Search } from "./search.js";
import { openDialogs } from "./shared/dialog.js";
import { button, h, refill } from "./shared/dom.js";
import { current, t } from "./shared/i18n.js";
import { LANGUAGES } from "./shared/languages.js";
import { say } from "./toast.js";

const main = h("main", { id: "main", tabindex: "-1" });
const header = h("header", { class: "top" });

/** What views may ask of the page. */
const page = {
  go(address, question = null) {
    history.pushState(question && remember(question), "", address);
    route();
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  },
  searchFiles(given) {
    const files = given.filter((one) => !one.isDirectory);
    if (!files.length) {
      say(t("ask.noFolder"));
      return;
    }
    if (files.length > 1) say(t("ask.onlyFirst"));
    const file = files.find((one) => one.type.startsWith("image/")) ?? files[0];
    page.go("/", { file });
  },
  async refresh() {
    await api.refresh();
    renderHeader();
  },
  openKeys: () => openKeys(page),
  signedIn() {
    renderHeader();
    route();
  },
};

/** Files cannot be kept in the history itself: it keeps their numbers. */
const questions = [];

function remember(question) {
  return { question: questions.push(question) - 1 };
}

const search = new Search(page);
const library = new Library(page);
const duplicates = new Duplicates(page);
let view = null;

/** Show what the address says. */
function route() {
  const wanted = new URLSearchParams(location.search);
  const next = { library, duplicates }[wanted.get("view")] ?? search;
  for (const dialog of openDialogs()) dialog.close();
  if (view !== next) view?.leave();
  view = next;
  if (main.firstChild !== view.element) main.replaceChildren(view.element);
  renderHeader();
  view.enter(wanted, questions[history.state?.question]);
}

function renderHeader() {
  const inLibrary = view !== search;
  const link = (address, text, isCurrent) =>
    h(
      "a",
      {
        href: address,
        "aria-current": isCurrent || null,
        on: {
          click: (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            page.go(address);
          },
        },
      },
      text,
    );
  const access = api.server?.access ?? "none";
  const languages = h(
    "select",
    { id: "language", "aria-label": t("nav.language"), on: { change: (event) => changeLanguage(event.target.value) } },
    Object.entries(LANGUAGES).map(([tag, name]) =>
      h("option", { value: tag, lang: tag, selected: tag === current() }, name),
    ),
  );
  refill(
    header,
    h("a", { href: "#main", class: "skip", on: { click: (event) => (event.preventDefault(), main.focus()) } }, t("app.skip")),
    h(
      "a",
      { href: "/", class: "mark", on: { click: (event) => (event.preventDefault(), page.go("/")) } },
      h("img", { src: "/icon.svg", alt: "", width: 28, height: 28 }),
      "PicTrace",
    ),
    h("nav", {}, link("/", t("nav.search"), view === search && "page"), link("/?view=library", t("nav.library"), inLibrary && (view === library ? "page" : "true"))),
    h(
      "div",
      { class: "tools" },
      languages,
      button(t({ none: "nav.signIn", search: "nav.reader", admin: "nav.admin" }[access]), page.openKeys, {
        id: "access",
        class: access === "none" ? "quiet" : "quiet signed",
      }),
    ),
  );
  const heading = view === duplicates ? t("duplicates.heading") : t("library.heading");
  document.title = inLibrary ? `${heading} · PicTrace` : `PicTrace · ${t("app.tagline")}`;
}

async function changeLanguage(tag) {
  await use(tag, { remember: true });
  renderHeader();
  view.render();
}

/** The link that the server prints brings the key along; it is taken out of the address at once. */
function keyFromAddress() {
  const given = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (given) history.replaceState(null, "", location.pathname + location.search);
  return given;
}

async function start() {
  await use(preferred());
  const given = keyFromAddress();
  let refused = null;
  try {
    await (given ? api.signIn(given) : api.refresh());
  } catch (error) {
    refused = error;
  }
  if (!api.server) {
    showUnreachable(refused);
    return;
  }
  document.body.replaceChildren(header, main);
  if (refused) say(api.sentence(refused));
  window.addEventListener("popstate", route);
  window.addEventListener("hashchange", async () => {
    const late = keyFromAddress();
    if (late) await api.signIn(late).then(page.signedIn, (error) => say(api.sentence(error)));
  });
  api.onRefusal(() => api.refresh().catch(() => {}).then(renderHeader));
  catchPictures();
  route();
}

/** Pictures that are dropped or pasted anywhere on the page. */
function catchPictures() {
  const cover = h("div", { class: "cover", hidden: true }, h("p", {}, ""));
  document.body.append(cover);
  let depth = 0;
  const reveal = (shown) => {
    cover.hidden = !shown;
    cover.firstChild.textContent = view.dropHint();
  };
  document.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    if (!document.querySelector("dialog[open]")) reveal(true);
  });
  document.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) reveal(false);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    reveal(false);
    take(event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    const isTyping = event.target instanceof Element && event.target.closest("input, textarea");
    if (isTyping && !event.clipboardData.files.length) return;
    event.preventDefault();
    take(event.clipboardData);
  });
}

function take(data) {
  const files = dropped(data);
  const text = (data.getData("text/uri-list") || data.getData("text/plain")).trim().split("\n")[0];
  if (files.length) view.takeFiles(files);
  else if (/^https?:\/\//i.test(text)) view.takeUrl(text);
  else say(t("error.noPicture"));
}

function showUnreachable(error) {
  document.body.replaceChildren(
    h(
      "main",
      { class: "unreachable" },
      h("h1", {}, t("error.heading")),
      h("p", { role: "alert" }, api.sentence(error)),
      button(t("app.retry"), () => location.reload()),
    ),
  );
}

start();
