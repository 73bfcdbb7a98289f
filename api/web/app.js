// The page: header, language, key, and which of the views is shown.
import * as api from "./api.js";
import { carryOver } from "./early.js";
import { ofThePage, preferred, use } from "./i18n.js";
import { keep } from "./kept.js";
import { Search } from "./search.js";
import { openDialogs } from "./shared/dialog.js";
import { button, h, refill } from "./shared/dom.js";
import { current, t } from "./shared/i18n.js";
import { LANGUAGES } from "./shared/languages.js";
import { say } from "./toast.js";

const LOOK_AGAIN_MS = 3000; // whether a server that was away is back
const ICON = new URL("./icon.svg", import.meta.url).href;
const main = h("main", { id: "main", tabindex: "-1" });
const header = h("header", { class: "top" });

/** What views may ask of the page. */
const page = {
  /**
   * Go to an address of the page; resolves to the view that is shown there. `question`: the key of a file that is asked
   * with, which no address can hold.
   */
  async go(address, question = null) {
    history.pushState(question && { question }, "", address);
    await route();
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
    return view;
  },
  searchFiles(given, address = "/") {
    const files = given.filter((one) => !one.isDirectory);
    if (!files.length) {
      say(t("ask.noFolder"));
      return;
    }
    if (files.length > 1) say(t("ask.onlyFirst"));
    const file = files.find((one) => one.type.startsWith("image/")) ?? files[0];
    page.go(address, keep(file));
  },
  /** Call the tab by what was asked, or what is shown; without a text, by what the view's own `title()` says. */
  title(text = null) {
    title = text;
    page.entitle();
  },
  entitle() {
    const named = title ?? view?.title?.();
    document.title = named ? `${named} · PicTrace` : `PicTrace · ${t("app.tagline")}`;
  },
  async refresh() {
    await api.refresh();
    renderHeader();
  },
  async openKeys() {
    const { openKeys } = await import("./keys.js");
    openKeys(page);
  },
  signedIn() {
    renderHeader();
    route();
  },
};

/** What each view is made by, once it is wanted: only the first look's own modules are waited for at the start. */
const MAKERS = {
  search: async () => new Search(page),
  library: async () => new (await import("./library.js")).Library(page),
  duplicates: async () => new (await import("./duplicates.js")).Duplicates(page),
  compare: async () => new (await import("./compare.js")).Compare(page),
  picture: async () => new (await import("./picture.js")).Picture(page),
  trash: async () => new (await import("./trash.js")).Trash(page),
  history: async () => new (await import("./history.js")).History(page),
};
const BY_NAME = ["library", "duplicates", "trash", "history"]; // in the address, as `view`

/** @type {Record<string, Promise<any>>} */
const made = {};
let view = null;
let shown = "search"; // the name of the view
let title = null;
let incoming = null; // what other apps have shared

/** Show what the address says. */
async function route() {
  const address = location.href;
  const wanted = new URLSearchParams(location.search);
  const name = nameOf(wanted);
  const [next, above] = await Promise.all([(made[name] ??= MAKERS[name]()), wanted.has("shared") ? lookAtShared() : null]);
  if (location.href !== address) return; // somebody has gone on meanwhile
  for (const dialog of openDialogs()) dialog.close();
  if (view !== next) view?.leave();
  [view, shown, title] = [next, name, null];
  const parts = [above?.element, view.element].filter(Boolean);
  if (parts.length !== main.childNodes.length || parts.some((part, place) => part !== main.childNodes[place])) main.replaceChildren(...parts);
  renderHeader();
  view.enter(wanted, above ? above.question() : history.state?.question);
}

/** The name of the view that an address leads to. */
function nameOf(wanted) {
  if (/^\d+,\d+$/.test(wanted.get("compare") ?? "")) return "compare";
  if (/^[1-9]\d{0,17}$/.test(wanted.get("image") ?? "")) return "picture";
  return BY_NAME.find((name) => name === wanted.get("view")) ?? "search";
}

async function lookAtShared() {
  const { Incoming } = await import("./incoming.js");
  incoming ??= new Incoming(page);
  await incoming.look();
  return incoming;
}

function renderHeader() {
  const inLibrary = shown !== "search";
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
      h("img", { src: ICON, alt: "", width: 28, height: 28 }),
      h("span", {}, "PicTrace"),
    ),
    h("nav", {}, link("/", t("nav.search"), !inLibrary && "page"), link("/?view=library", t("nav.library"), inLibrary && (shown === "library" ? "page" : "true"))),
    h(
      "div",
      { class: "tools" },
      h("span", { class: "language" }, languages),
      button(t({ none: "nav.signIn", search: "nav.reader", admin: "nav.admin" }[access]), page.openKeys, {
        id: "access",
        class: access === "none" ? "quiet" : "quiet signed",
      }),
    ),
  );
  page.entitle();
}

async function changeLanguage(tag) {
  await use(tag, { remember: true });
  renderHeader();
  incoming?.render();
  view.render();
}

/** The link that the server prints brings the key along; it is taken out of the address at once. */
function keyFromAddress() {
  const given = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (given) history.replaceState(null, "", location.pathname + location.search);
  return given;
}

/** The key is shown once: whoever came by its link may keep it. */
function offerToRemember(given) {
  say(t(api.isAdmin() ? "keys.isAdmin" : "keys.isReader"), {
    label: t("keys.remember"),
    run: () => api.signIn(given, { remember: true }).catch((error) => say(api.sentence(error))),
    keepsFocus: true,
  });
}

async function start() {
  await use(preferred()).catch(() => use(ofThePage()));
  const given = keyFromAddress();
  let refused = null;
  try {
    await (given ? api.signIn(given) : api.refresh());
  } catch (error) {
    refused = error;
  }
  if (!api.server) {
    await showUnreachable(refused);
    return;
  }
  const restore = carryOver(page.searchFiles);
  await route();
  takePlace(header, main);
  restore();
  if (refused) say(api.sentence(refused));
  else if (given) offerToRemember(given);
  window.addEventListener("popstate", route);
  window.addEventListener("hashchange", async () => {
    const late = keyFromAddress();
    if (!late) return;
    try {
      await api.signIn(late);
      page.signedIn();
      offerToRemember(late);
    } catch (error) {
      say(api.sentence(error));
    }
  });
  api.onRefusal(() => api.refresh().catch(() => {}).then(renderHeader));
  await catchPictures();
  const { registerWorker } = await import("./worker.js");
  await registerWorker();
}

/** In the place of the outlines that the page came with. */
function takePlace(...elements) {
  for (const outline of document.querySelectorAll("body > :is(header, main)")) outline.remove();
  document.body.prepend(...elements);
}

/** Pictures that are dropped or pasted anywhere on the page. */
async function catchPictures() {
  const { dropped } = await import("./dropped.js");
  const cover = h("div", { class: "cover", hidden: true }, h("p", {}, ""));
  document.body.append(cover);
  let depth = 0;
  const reveal = (isOver) => {
    cover.hidden = !isOver;
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
    take(event.dataTransfer, dropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const isTyping = event.target instanceof Element && event.target.closest("input, textarea");
    if (isTyping && !event.clipboardData.files.length) return;
    event.preventDefault();
    take(event.clipboardData, dropped(event.clipboardData));
  });
}

function take(data, files) {
  const text = (data.getData("text/uri-list") || data.getData("text/plain")).trim().split("\n")[0];
  if (files.length) view.takeFiles(files);
  else if (/^https?:\/\//i.test(text)) view.takeUrl(text);
  else say(t("error.noPicture"));
}

/** The page without its server. What was shared meanwhile is kept, and said to be. */
async function showUnreachable(error) {
  const waits = new URLSearchParams(location.search).has("shared") && h("p", {}, t("share.offline"));
  const text = [h("h1", {}, t("error.heading")), h("p", { role: "alert" }, api.sentence(error)), waits].filter(Boolean);
  const element = h("main", { id: "main", class: "unreachable", tabindex: "-1" }, text, button(t("app.retry"), () => location.reload()));
  document.querySelector("body > main").replaceWith(element);
  window.addEventListener("online", () => location.reload());
  setInterval(() => api.refresh().then(() => location.reload(), () => {}), LOOK_AGAIN_MS);
  const { registerWorker } = await import("./worker.js");
  await registerWorker();
}

start();
