// Adding pictures: what is dropped, chosen or linked goes into the queue; each drop is shown with what became of it.
import * as api from "./api.js";
import { filesOf, folderOf } from "./dropped.js";
import { fileSize } from "./i18n.js";
import { PICTURES } from "./kinds.js";
import { canBeTriedAgain, isGiven, isLeft, Queue, sumsOf } from "./queue.js";
import { button, h, refill } from "./shared/dom.js";
import { current, date, list, t } from "./shared/i18n.js";
import { nameOf, warningsOf } from "./shared/match.js";
import { undo } from "./undo.js";

const GROWN_MS = 1000; // between two looks at a library that grows
const DRAWN_MS = 200;
const SHOWN_DROPS = 10;
const SHOWN_ENTRIES = 30;
const MORE_ENTRIES = 100;
const ARCHIVES = [".zip", ".tar", ".7z"]; // to be named; compressed tars have many endings
const PARTS = ["added", "duplicate", "near", "passedOver", "refused", "waiting"];

export class Adding {
  /** `grown` is called while pictures are being added, at most once a second, and after the last. */
  constructor(page, grown) {
    this.page = page;
    this.grown = grown;
    this.element = h("section", { class: "adding box", "aria-labelledby": "adding-heading" });
    this.queue = new Queue({ mayWork: () => api.isAdmin(), changed: (grew) => this.changed(grew) });
    api.onAccess(() => this.queue.accessChanged());
    this.groups = new Map(); // what is shown of each drop
    this.tags = "";
    this.links = "";
    addEventListener("beforeunload", (event) => this.queue.isAtRisk && event.preventDefault());
  }

  /** What is in the queue, or was. */
  get entries() {
    return this.queue.all();
  }

  render() {
    const { limits } = api.server ?? {};
    const files = h("input", { type: "file", id: "files", multiple: true, accept: ["image/*", ...PICTURES, ...(limits?.archives ?? [])].join() });
    const folder = h("input", { type: "file", id: "folder", webkitdirectory: true, multiple: true });
    for (const field of [files, folder]) {
      field.addEventListener("change", () => {
        this.addFiles([...field.files]);
        field.value = ""; // the same may be chosen again
      });
    }
    const tags = h("input", { id: "add-tags", value: this.tags });
    tags.addEventListener("input", () => (this.tags = tags.value));
    const links = h("textarea", { id: "links", rows: 3 }, this.links);
    links.addEventListener("input", () => (this.links = links.value));
    const send = () => {
      const urls = links.value.split("\n").map((line) => line.trim()).filter(Boolean);
      this.links = "";
      links.value = "";
      this.addUrls(urls);
    };
    this.status = h("p", { role: "status", class: "sum" });
    this.notes = h("div", { class: "notes" });
    this.buttons = h("p", { class: "row small" });
    this.list = h("div", { class: "drops" });
    refill(
      this.element,
      h("h2", { id: "adding-heading" }, t("add.heading")),
      h("p", { class: "fine" }, t("add.drop")),
      h(
        "div",
        { class: "given row" },
        h("div", { class: "words" }, h("label", { for: "add-tags" }, t("image.tags")), tags),
        h("span", { class: "pick" }, files, h("label", { class: "button primary", for: "files" }, t("add.choose"))),
        h("span", { class: "pick" }, folder, h("label", { class: "button", for: "folder" }, t("add.chooseFolder"))),
      ),
      h(
        "div",
        { class: "besides" },
        limits && h("details", {}, h("summary", {}, t("add.whatIsTaken")), h("p", { class: "fine" }, t("add.taken", inMegabytes(limits)))),
        h(
          "details",
          {},
          h("summary", {}, t("add.links").split(",")[0]),
          h("label", { for: "links" }, t("add.links")),
          links,
          h("p", { class: "row" }, button(t("add.addLinks"), send)),
        ),
      ),
      this.status,
      this.notes,
      this.buttons,
      this.list,
    );
    this.groups.clear();
    this.draw();
  }

  /**
   * Files, and folders as `dropped` gives them.
   * @param {(File | FileSystemDirectoryEntry)[]} given
   */
  addFiles(given) {
    if (!given.length) return;
    this.queue.add(filesOf(given, api.server?.limits.archives ?? []), { tags: this.givenTags(), name: folderOf(given) });
  }

  addUrls(urls) {
    if (urls.length) this.queue.add(urls.map((url) => ({ url })), { tags: this.givenTags() });
  }

  givenTags() {
    return this.tags.split(",").map((tag) => tag.trim()).filter(Boolean);
  }

  // --- drawing: no more often than a reader can follow

  changed(grew) {
    if (grew) this.hasGrown = true;
    this.drawing ??= setTimeout(() => {
      this.drawing = null;
      if (this.list) this.draw();
    }, DRAWN_MS);
    if (this.hasGrown) this.growing ??= setTimeout(() => this.grow(), GROWN_MS);
  }

  async grow() {
    this.hasGrown = false;
    await this.grown();
    this.growing = null;
    if (this.hasGrown) this.changed(false);
  }

  draw() {
    const { queue } = this;
    const entries = queue.all();
    const drops = [...queue.drops.values()].reverse();
    this.status.textContent = drops.length ? this.summary(entries, drops) : "";
    this.status.hidden = !drops.length;
    const notes = this.notesNow();
    fill(this.notes, notes, () => notes.map((note) => h("p", { class: "note", role: "status" }, note)));
    const actions = this.actions(entries);
    const buttonFor = ([id, act, kind]) => button(t(`add.${id}`), act, { class: `small ${kind ?? ""}`, id: `add-${id}` });
    fill(this.buttons, actions.map(([id]) => id), () => actions.map(buttonFor));
    const shown = drops.slice(0, SHOWN_DROPS);
    for (const id of this.groups.keys()) if (!shown.some((drop) => drop.id === id)) this.groups.delete(id);
    for (const drop of shown) {
      if (!this.groups.has(drop.id)) this.groups.set(drop.id, new Group(this, drop));
      this.groups.get(drop.id).draw(queue.entries.get(drop.id));
    }
    place(this.list, shown.map(({ id }) => this.groups.get(id).element));
    this.list.classList.toggle("more", drops.length > shown.length);
  }

  summary(entries, drops) {
    const left = entries.filter(isLeft).length;
    const count = entries.filter(isGiven).length;
    const sums = { ...sumsOf(entries), waiting: 0 };
    for (const { passedOver } of drops) sums.passedOver += passedOver;
    const progress = left && t("add.progress", { done: count - left, count });
    return [progress, inWords(sums)].filter(Boolean).join(" · ");
  }

  /** Why it does not go on, or what would be lost. */
  notesNow() {
    const { queue } = this;
    const isWaiting = queue.left > 0;
    const notes = [];
    if (isWaiting && queue.isStopped) notes.push(t("add.isStopped"));
    else if (isWaiting && !api.isAdmin()) notes.push(t("add.signIn"));
    else if (isWaiting && queue.halt) notes.push(`${api.sentence(queue.halt)} ${t("add.halted")}`);
    else if (queue.pause) notes.push(`${api.sentence(queue.pause.problem)} ${t("add.again", { time: clock(queue.pause.until) })}`);
    else if (isWaiting && queue.lock === "wanted") notes.push(t("add.otherTab"));
    if (queue.isAtRisk && queue.unkept.size) notes.push(t("add.unkept"));
    return notes;
  }

  /**
   * What can be done with the queue now: name, act, and class.
   * @returns {[string, () => void, string?][]}
   */
  actions(entries) {
    const { queue } = this;
    const isWaiting = queue.left > 0;
    const stands = queue.isStopped || queue.halt;
    /** @type {any[]} */
    const all = [
      isWaiting && !stands && ["stop", () => queue.stop()],
      isWaiting && stands && ["continue", () => queue.goOn(), "primary"],
      queue.pause && ["tryNow", () => queue.tryNow()],
      entries.some(canBeTriedAgain) && ["tryAgain", () => queue.tryFailedAgain()],
      queue.drops.size > 0 && ["clear", () => queue.clear(), "quiet"],
    ];
    return all.filter(Boolean);
  }

  /** Take back all of a drop, in one; what is waiting of it is not added either. */
  async takeBack(drop) {
    const operation = await this.queue.takeBack(drop);
    if (operation) undo(operation, this.grown);
  }
}

/** What is shown of one drop: what it is, its sums, its own undo, and a bounded part of its entries. */
class Group {
  constructor(adding, drop) {
    this.adding = adding;
    this.drop = drop;
    this.shown = SHOWN_ENTRIES;
    this.rows = new Map();
    this.heading = h("h3", {});
    this.sums = h("p", { class: "fine" });
    this.passedOver = h("p", { class: "fine" });
    this.bar = h("progress", { max: 1, "aria-labelledby": `drop-${drop.id}` });
    this.heading.id = `drop-${drop.id}`;
    this.undoButton = button(t("add.undo"), () => adding.takeBack(drop), { class: "small", id: `undo-${drop.id}` });
    this.list = h("ul", { class: "entries", "aria-labelledby": `drop-${drop.id}` });
    this.rest = h("p", { class: "row small" });
    this.element = h(
      "section",
      { class: "a-drop", "aria-labelledby": `drop-${drop.id}` },
      h("div", { class: "head" }, h("div", { class: "about" }, this.heading, this.sums), this.bar, this.undoButton),
      this.passedOver,
      this.list,
      this.rest,
    );
  }

  draw(entries) {
    const { drop } = this;
    const sums = sumsOf(entries);
    sums.passedOver += drop.passedOver;
    const given = entries.filter(isGiven);
    const name = drop.name ?? (given.length === 1 ? given[0].name : t("add.several", { count: given.length }));
    this.heading.textContent = [name, clock(drop.id)].join(" · ");
    const tags = drop.tags.length > 0 && `${t("image.tagsShort")}: ${drop.tags.join(", ")}`;
    const cut = drop.isCutShort && t("add.cutShort");
    this.sums.textContent = [drop.isBeingRead && t("add.reading"), inWords(sums) || (!drop.isBeingRead && !entries.length && t("add.nothing")), tags, cut].filter(Boolean).join(" · ");
    this.passedOver.textContent = notPictures([drop, ...entries], sums.passedOver);
    this.passedOver.hidden = !sums.passedOver;
    this.bar.hidden = !sums.waiting;
    this.bar.value = given.length ? (given.length - sums.waiting) / given.length : 0;
    this.undoButton.hidden = !(drop.operation && sums.added);
    const ordered = [...entries].sort((one, other) => rank(one) - rank(other) || one.place - other.place);
    const visible = ordered.slice(0, this.shown);
    for (const entry of this.rows.keys()) if (!visible.includes(entry)) this.rows.delete(entry);
    const rows = visible.map((entry) => {
      if (!this.rows.has(entry)) this.rows.set(entry, new Row(entry, this.adding.page));
      return this.rows.get(entry).draw();
    });
    place(this.list, rows);
    if (this.list.scrollHeight > this.list.clientHeight) this.list.tabIndex = 0; // to be scrolled by keyboard
    else this.list.removeAttribute("tabindex");
    const others = ordered.length - visible.length;
    const more = () => {
      this.shown += MORE_ENTRIES;
      this.adding.draw();
    };
    fill(this.rest, [others], () => others > 0 && [h("span", { class: "fine" }, t("add.others", { count: others })), button(t("add.showMore"), more, { class: "small quiet", id: `more-${drop.id}` })]);
  }
}

/** One file or link, and what became of it. */
class Row {
  constructor(entry, page) {
    this.entry = entry;
    this.page = page;
    this.element = h("li", {});
    this.bar = h("progress", { max: 1, "aria-label": entry.name });
    this.drawn = "";
    this.looked = null; // for its near-duplicate
    this.near = null;
  }

  draw() {
    const { entry } = this;
    if (isLeft(entry)) this.bar.value = entry.share ?? 0;
    const { state, problem, answer, smaller, sums } = entry;
    const seen = JSON.stringify([current(), state, problem, answer, smaller, sums, this.near]);
    if (seen === this.drawn) return this.element;
    this.drawn = seen;
    this.element.className = `is-${state}`;
    const whence = entry.inside ? t("add.inside", { name: entry.name, archive: entry.inside }) : entry.name;
    this.element.replaceChildren(
      h("span", { class: "name" }, whence),
      ...(isLeft(entry) ? [this.bar] : []),
      h("span", { class: "said" }, this.said()),
    );
    return this.element;
  }

  said() {
    const { answer, smaller } = this.entry;
    const sizes = smaller && { before: fileSize(smaller.before), after: fileSize(smaller.after) };
    return [
      this.picture(),
      h("span", {}, this.outcome(), sizes && ` · ${t("add.smaller", sizes)}`, answer?.page && ` · ${t("result.fromPage")}`),
      answer && warningsOf(answer),
    ].flat().filter(Boolean);
  }

  outcome() {
    const { state, problem, answer, sums } = this.entry;
    if (state === "refused") return t("add.refused", { reason: api.sentence(problem) });
    if (sums) return [t(`add.${state}`), inWords({ ...sums, refused: 0, waiting: 0 })].filter(Boolean).join(": ");
    if (state === "duplicate") return this.leading(answer.image, t("add.duplicate", { name: nameOf(answer.image) }));
    if (answer?.near?.length) {
      this.findNear(answer.near[0]);
      if (this.near) return this.leading(this.near, t("add.near", { name: nameOf(this.near) }));
    }
    const before = answer?.removed_before;
    return before ? t("add.removedBefore", { date: date(before.at) }) : t(`add.${state}`);
  }

  /** A link to the page of a picture. */
  leading(image, text) {
    const follow = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.page.go(image.links.page);
    };
    return h("a", { href: image.links.page, on: { click: follow } }, text);
  }

  /** The likeliest of the near-duplicates; it may have been removed meanwhile. */
  async findNear(id) {
    this.looked ??= api.ask(`/v1/images/${id}`).catch(() => null);
    const found = await this.looked;
    if (!found || this.near) return;
    this.near = found;
    this.draw();
  }

  picture() {
    const image = this.entry.state === "duplicate" ? this.entry.answer.image : this.near;
    if (!image) return null;
    const picture = h("img", { alt: "", width: 40, height: 40 });
    api.show(picture, image.links.thumbnail);
    return picture;
  }
}

/** What somebody should see first: what was not added, what is under way, what is nearly there already. */
function rank({ state, answer }) {
  if (state === "refused") return 0;
  if (state === "sending" || state === "working") return 1;
  if (answer?.near?.length) return 2;
  return state === "waiting" ? 3 : 4;
}

const filled = new WeakMap();

/** Fill an element anew only where `signs` are others than before: somebody may be about to press a button in it. */
function fill(element, signs, children) {
  const sign = signs.join("\n");
  if (filled.get(element) === sign) return;
  filled.set(element, sign);
  refill(element, children());
}

function inMegabytes({ max_bytes: size, max_archive_bytes: archive, archives = [] }) {
  const [limit, archiveLimit] = [size, archive].map((bytes) => Math.floor(bytes / 2 ** 20));
  return { limit, archiveLimit, archives: list(ARCHIVES.filter((ending) => archives.includes(ending))) };
}

function inWords(sums) {
  return list(PARTS.filter((name) => sums[name]).map((name) => t(`add.sum.${name}`, { count: sums[name] })));
}

/** The names of what was passed over, as far as they were kept. */
function notPictures(drops, count) {
  const names = drops.flatMap(({ passedOverNames }) => passedOverNames ?? []);
  return t("add.passedOver", { names: list(names.length < count ? [...names, "…"] : names) });
}

function clock(time) {
  return new Intl.DateTimeFormat(current(), { timeStyle: "medium" }).format(time);
}

/** Put these elements there, in order; those that are there already are not touched, so that nothing loses its focus. */
function place(parent, elements) {
  for (const child of [...parent.children]) if (!elements.includes(child)) child.remove();
  elements.forEach((element, at) => {
    if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null);
  });
}
