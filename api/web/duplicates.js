// The view of near-duplicates: groups side by side, the best first; with the admin key, what to keep of each. Those of equal
// pixels can be decided on at once. What is a part of another, and what is similar, is to be looked through, never removed here.
import * as api from "./api.js";
import { Equal } from "./equal.js";
import { problem } from "./failure.js";
import { GroupList } from "./group-list.js";
import { innerLink } from "./links.js";
import { button, h, refill } from "./shared/dom.js";
import { number, t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";
import { say } from "./toast.js";
import { compareTwins, gains, twin } from "./twins.js";
import { undo } from "./undo.js";

const PAGE = 20;
const MOST = 100; // groups in one answer
const MAX_DECIDED = 500; // pictures, as the server takes them
const PAUSE_MS = 400; // between two calls while some have yet to be compared

/** What there is to look through, in the order of the tabs. */
const KINDS = ["same", "equal", "parts", "similar"];
const WANTED = { same: {}, equal: { equal: "true" }, similar: { lane: "variant" } };

export class Duplicates {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "duplicates" });
    this.kind = "same";
    this.counts = null; // of each kind
    this.waiting = 0;
    this.failure = null;
    this.isDeciding = false;
    this.latest = null; // what was decided last, for the key that takes it back
    this.timer = null;
    this.visit = 0; // only the latest call may draw
    this.list = this.newList();
  }

  enter(wanted) {
    const kind = KINDS.find((one) => one === wanted.get("kind")) ?? "same";
    if (kind !== this.kind) {
      this.kind = kind;
      this.list = this.newList();
    }
    this.render();
    this.load();
  }

  leave() {
    this.visit += 1;
    clearTimeout(this.timer);
  }

  title() {
    return t("duplicates.heading");
  }

  dropHint() {
    return t("ask.drop");
  }

  takeFiles(files) {
    this.page.searchFiles(files);
  }

  takeUrl(url) {
    this.page.go(`/?url=${encodeURIComponent(url)}`);
  }

  newList() {
    const { kind } = this;
    const names = { parts: "duplicates.containsPair", similar: "duplicates.variantsGroup" };
    this.equal = new Equal({ list: () => this.list, total: () => this.counts?.equal ?? 0, changed: () => this.load() });
    const list = new GroupList({
      kind,
      nameOf: (place) => t(names[kind] ?? "duplicates.group", { place }),
      draw: (item, place) => this.drawn(kind, item, place),
      part: async (cursor) => partOf(await this.ask(kind, cursor, kind === "equal" ? MOST : PAGE)),
      failed: (error) => say(api.sentence(error)),
    });
    list.list.addEventListener("keydown", (event) => this.press(event));
    return list;
  }

  ask(kind, cursor = null, limit = PAGE) {
    const wanted = new URLSearchParams({ limit: String(limit), ...WANTED[kind], ...(cursor && { cursor }) });
    return api.ask(`/v1/duplicates?${wanted}`);
  }

  /** How many there are of each kind, and the first part of this one; again while some pictures have yet to be compared. */
  async load() {
    clearTimeout(this.timer);
    const visit = (this.visit += 1);
    let wait = PAUSE_MS;
    try {
      const first = await this.ask("same");
      const own = WANTED[this.kind] && this.kind !== "same" ? await this.ask(this.kind) : first;
      if (visit !== this.visit) return;
      this.counts = { same: first.total, equal: first.equal_total ?? 0, parts: first.contains_total ?? 0, similar: first.variants ?? 0 };
      const isCompared = this.waiting > 0 && first.waiting === 0;
      this.waiting = first.waiting;
      this.failure = null;
      this.take(this.kind === "parts" ? { items: first.contains ?? [], cursor: null } : partOf(own), isCompared);
    } catch (error) {
      if (visit !== this.visit) return;
      if (!error.retryAfter || !this.counts) this.failure = error;
      if (this.failure) this.waiting = 0;
      else wait = error.retryAfter * 1000;
    }
    this.renderFound();
    if (this.waiting) this.timer = setTimeout(() => this.load(), wait);
  }

  /**
   * Where the list begins as it did, it stays as it is, with all that came after, and where one has scrolled to. `isWhole`:
   * what came after may be otherwise, too.
   */
  take(part, isWhole) {
    const { entries, told } = this.list;
    const isAsBefore = entries.length >= part.items.length && part.items.every((item, index) => isSame(item, entries[index].item));
    if (isAsBefore && told > 0 && !(isWhole && told > part.items.length)) return;
    this.list.clear();
    this.list.add(part);
  }

  render() {
    this.said = h("p", { role: "status", class: "fine" });
    this.before = h("div", {});
    this.after = h("div", {});
    this.tabs = h("nav", { class: "tabs", "aria-label": t("duplicates.heading") });
    refill(this.element, h("h1", {}, t("duplicates.heading")), this.tabs, this.said, this.before, this.list.element, this.after);
    this.list.redraw();
    this.renderFound();
  }

  renderFound() {
    refill(this.tabs, this.counts && KINDS.filter((kind) => this.counts[kind] || kind === "same" || kind === this.kind).map((kind) => this.tab(kind)));
    this.equal.render();
    // The list itself stays in its place: it may have the focus, and its scrolling is its own.
    refill(this.before, this.failure ? problem(this.page, this.failure, () => this.load()) : this.introduction());
    const hidden = this.counts && this.kind === "parts" ? this.counts.parts - this.list.entries.length : 0;
    refill(this.after, hidden > 0 && h("p", { class: "fine" }, t("duplicates.containsMore", { count: hidden })));
    this.list.element.hidden = Boolean(this.failure);
    // Last, so that screen readers tell of what is on the page by then.
    const says = this.sentences();
    if (this.said.textContent !== says) this.said.textContent = says;
    this.said.classList.toggle("busy", this.waiting > 0);
  }

  tab(kind) {
    const names = { same: "duplicates.heading", equal: "equal.heading", parts: "duplicates.contains", similar: "duplicates.variants" };
    const address = kind === "same" ? "/?view=duplicates" : `/?view=duplicates&kind=${kind}`;
    const label = [t(names[kind]), h("span", { class: "number" }, ` ${number(this.counts[kind])}`)];
    return innerLink(this.page, address, { "aria-current": kind === this.kind ? "page" : null }, label);
  }

  sentences() {
    if (this.failure || !this.counts) return "";
    const total = this.counts[this.kind];
    const count = total || !this.waiting ? t(total ? "duplicates.count" : "duplicates.none", { count: total }) : "";
    return [count, this.waiting && t("duplicates.waiting", { count: this.waiting })].filter(Boolean).join(" ");
  }

  introduction() {
    if (!this.counts) return [h("p", {}, h("span", { class: "spinner" }))];
    const texts = { same: "duplicates.text", equal: "equal.text", parts: "duplicates.containsText", similar: "duplicates.variantsText" };
    const hasAny = this.list.entries.length > 0;
    const keys = t(this.kind === "same" ? "duplicates.keys" : "duplicates.keysSeen");
    return [
      h("p", {}, t(texts[this.kind])),
      hasAny && !api.isAdmin() && this.invitation(),
      this.kind === "equal" && api.isAdmin() && this.equal.element,
      hasAny && api.isAdmin() && this.kind !== "equal" && h("p", { class: "fine keys" }, keys),
    ];
  }

  invitation() {
    return h("p", { class: "row" }, t("duplicates.signIn"), button(t("nav.signIn"), this.page.openKeys, { id: "sign-in" }));
  }

  drawn(kind, item, place) {
    if (kind === "equal") return this.equalGroup(item, place);
    if (kind === "parts") return this.pair(item, place);
    return kind === "similar" ? this.similarGroup(item, place) : this.group(item, place);
  }

  group({ images }, place) {
    const name = t("duplicates.group", { place });
    const decide = (keep, keeper) => this.decide(this.list.entries.find((entry) => entry.place === place), keep, { keeper });
    const choice = (keep, label, kind = null) => button(label, () => decide(keep), { class: kind, "aria-label": `${label}: ${name}` });
    const [best] = images;
    const twins = images.map((image, index) => {
      const label = t("duplicates.keepThis");
      const keepThis = () => decide("best", image.id);
      const act = index > 0 && [
        api.isAdmin() && button(label, keepThis, { "aria-label": `${label}: ${nameOf(image)}` }),
        button(t("match.compare"), () => this.compare(best, image, decide), { class: "quiet", "aria-label": `${t("match.compare")}: ${nameOf(image)}` }),
      ];
      const gained = api.isAdmin() && gains(image, images.filter((other) => other !== image));
      const made = twin({
        page: this.page,
        image,
        badge: index ? "" : t("duplicates.best"),
        notes: [index > 0 && image.equal_pixels && h("span", { class: "fine" }, t("equal.badge")), gained && h("span", { class: "gains" }, gained)],
        acts: act,
      });
      if (!index) made.classList.add("best");
      return made;
    });
    return [
      h("ul", { class: "twins" }, twins),
      api.isAdmin() &&
        h(
          "p",
          { class: "row" },
          choice("best", t("duplicates.keepBest"), "primary"),
          choice("all", t("duplicates.keepAll")),
          choice("different", t("duplicates.different")),
        ),
    ];
  }

  /** Whichever is kept of the two, the group is decided on as a whole. */
  compare(first, second, decide) {
    const keep = (image) => (image === first ? decide("best") : decide("best", image.id));
    compareTwins(first, second, { keep: api.isAdmin() ? keep : null });
  }

  equalGroup({ images }, place) {
    const name = t("duplicates.group", { place });
    const badge = (index) => (index ? "" : t("duplicates.best"));
    const twins = images.map((image, index) => {
      const notes = !index && api.isAdmin() && gains(image, images.slice(1));
      const made = twin({ page: this.page, image, badge: badge(index), notes: notes && h("span", { class: "gains" }, notes) });
      if (!index) made.classList.add("best");
      return made;
    });
    return [api.isAdmin() && this.equal.tick(images[0].id, name), h("ul", { class: "twins" }, twins)];
  }

  pair({ part, whole }, place) {
    const twins = [twin({ page: this.page, image: part, badge: t("duplicates.part") }), twin({ page: this.page, image: whole, badge: t("duplicates.whole") })];
    return this.lookedThrough(twins, [part, whole], place);
  }

  similarGroup({ images }, place) {
    return this.lookedThrough(images.map((image) => twin({ page: this.page, image })), images, place);
  }

  /** Pictures of which none can be removed here; once looked through, they need not be shown again. */
  lookedThrough(twins, images, place) {
    const label = t("duplicates.seen");
    const name = this.list.nameOf(place);
    const seen = () => this.decide(this.list.entries.find((entry) => entry.place === place), "all");
    return [
      h("ul", { class: "twins" }, twins),
      h(
        "p",
        { class: "row" },
        api.isAdmin() && images.length <= MAX_DECIDED && button(label, seen, { "aria-label": `${label}: ${name}` }),
        button(t("match.compare"), () => compareTwins(images[0], images[1]), { class: "quiet", "aria-label": `${t("match.compare")}: ${name}` }),
      ),
    ];
  }

  /** Keys for whoever goes through many: they count while a group, or something in it, has the focus. */
  press(event) {
    const entry = this.list.entryOf(event.target);
    if (!entry || event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    const isGroup = event.target === entry.element;
    const act = {
      j: () => this.list.focus(this.list.beside(entry, 1)),
      k: () => this.list.focus(this.list.beside(entry, -1)),
      ArrowDown: isGroup && (() => this.list.focus(this.list.beside(entry, 1))),
      ArrowUp: isGroup && (() => this.list.focus(this.list.beside(entry, -1))),
      ...(api.isAdmin() && this.kind !== "equal" && this.decisions(entry)),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  decisions(entry) {
    const decide = (keep) => () => this.decide(entry, keep, { byKey: true });
    const back = () => this.latest && this.takeBack(this.latest, { focuses: true });
    if (this.kind !== "same") return { a: decide("all"), u: back };
    return { b: decide("best"), a: decide("all"), d: decide("different"), u: back };
  }

  /** Say what becomes of a group, and offer to take it back. The rest of the list stays as it is. */
  async decide(entry, keep, { keeper = undefined, byKey = false } = {}) {
    if (this.isDeciding) return; // the second half of a double click
    this.isDeciding = true;
    const images = idsOf(entry.item);
    try {
      const { operation_id: operation, removed, left = [] } = await api.ask("/v1/duplicates", { json: { images, keep, keeper } });
      const stays = left.length ? t("duplicates.left", { count: left.length }) : "";
      const done = {
        best: () => [t("duplicates.removed", { count: removed.length }), stays].filter(Boolean).join(" "),
        all: () => t("duplicates.kept"),
        different: () => t("duplicates.remembered"),
      };
      this.latest = operation && { operation, entry };
      const { latest } = this;
      this.list.remove(entry);
      this.count(-1);
      say(done[keep](), latest && { label: t("app.undo"), run: () => this.takeBack(latest), keepsFocus: byKey });
      const isShort = !this.list.entries.length && this.counts[this.kind] > 0; // of pairs some are told at a time
      if (left.length > 1 || isShort) await this.load(); // those left may be a group of their own
    } catch (error) {
      say(api.sentence(error));
      await this.load();
    } finally {
      this.isDeciding = false;
    }
  }

  takeBack(decided, { focuses = false } = {}) {
    if (this.latest === decided) this.latest = null;
    return undo(decided.operation, (isDone) => {
      if (!isDone) return;
      this.list.putBack(decided.entry);
      this.count(1);
      if (focuses) this.list.focus(decided.entry);
    });
  }

  /** One fewer, or one more, of this kind. */
  count(change) {
    this.counts[this.kind] += change;
    this.renderFound();
  }
}

function partOf({ groups, next_cursor: cursor }) {
  return { items: groups, cursor };
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The pictures of a group, or of a pair. */
function idsOf({ images, part, whole }) {
  return (images ?? [part, whole]).map(({ id }) => id);
}
