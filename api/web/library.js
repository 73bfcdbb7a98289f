// The view of what is in the library: look through it, filter and sort it, and with the admin key add and tidy.
import { problem } from "./failure.js";
import { Adding } from "./add.js";
import * as api from "./api.js";
import { addressOf, filterOf, parametersOf, SORTS, usualOrder } from "./filter.js";
import { folding } from "./folding.js";
import { Gallery } from "./gallery.js";
import { dayName } from "./i18n.js";
import { innerLink } from "./links.js";
import { Listing } from "./listing.js";
import { acts } from "./many.js";
import { lastSeen } from "./picture.js";
import { MOST, Selection } from "./selection.js";
import { SelectionBar } from "./selection-bar.js";
import { button, h, refill } from "./shared/dom.js";
import { number, t } from "./shared/i18n.js";
import { say } from "./toast.js";

const SAVE_AFTER_MS = 120;
const GROW_AFTER_MS = 400;
const BY_DAY = ["added", "taken"];

export class Library {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "library" });
    this.adding = new Adding(page, () => this.grown());
    this.adding.queue.opened.then(() => this.shown && this.renderFound()); // what waits from before is shown to all
    this.filter = filterOf(new URLSearchParams());
    this.selection = new Selection(() => this.selected());
    this.gallery = new Gallery(this.selection, {
      addressOf: (image) => addressOf(this.filter, image.id),
      open: (image) => this.open(image),
      path: (image) => image.links.thumbnail,
      canSelect: () => true,
      failed: (error) => say(api.sentence(error)),
    });
    this.bar = new SelectionBar(this.selection, () => acts(this), () => this.selectAll());
    this.tags = [];
    this.total = null;
    this.known = null; // how many there are, and on which days
    this.failure = null;
    this.groups = null; // of near-duplicates
    this.shown = false;
    this.visit = 0; // only the latest call may draw
    this.scrolled = () => {
      clearTimeout(this.saving); // once it has ended: browsers refuse to be told too often
      this.saving = setTimeout(() => this.save(), SAVE_AFTER_MS);
    };
    this.typed = (event) => this.key(event);
  }

  enter(wanted) {
    const filter = filterOf(wanted);
    const isSame = this.total !== null && JSON.stringify(filter) === JSON.stringify(this.filter);
    const place = history.state?.place ?? null;
    const seen = lastSeen.take(place !== null);
    if (!isSame) {
      this.selection.clear();
      this.total = null;
      this.gallery.current = 0;
    }
    this.filter = filter;
    if (this.shown) this.gallery.stop();
    this.show();
    this.render();
    if (isSame) this.arrive(place, seen?.offset);
    this.load({ place, seen });
  }

  /** The browser's own scrolling comes before there is anything to scroll to: the place is kept by this view. */
  show() {
    history.scrollRestoration = "manual";
    this.gallery.start();
    if (this.shown) return;
    this.shown = true;
    addEventListener("scroll", this.scrolled, { passive: true });
    document.addEventListener("keydown", this.typed);
  }

  leave() {
    this.shown = false;
    this.visit += 1;
    clearTimeout(this.saving);
    this.saving = null;
    history.scrollRestoration = "auto";
    removeEventListener("scroll", this.scrolled);
    document.removeEventListener("keydown", this.typed);
    this.gallery.stop();
  }

  title() {
    return t("library.heading");
  }

  dropHint() {
    return api.isAdmin() ? t("add.drop") : t("ask.drop");
  }

  takeFiles(files) {
    if (api.isAdmin()) this.adding.addFiles(files);
    else this.page.searchFiles(files);
  }

  takeUrl(url) {
    if (api.isAdmin()) this.adding.addUrls([url]);
    else this.page.go(`/?url=${encodeURIComponent(url)}`);
  }

  /** Something was added: the gallery follows shortly, and keeps its place. */
  grown() {
    if (!this.shown || this.growing) return;
    this.growing = setTimeout(() => {
      this.growing = null;
      this.load();
    }, GROW_AFTER_MS);
  }

  /** What is in the library now; the reader stays at the same pictures, or is brought to a place, or to the one seen last. */
  async load({ place = null, seen = null } = {}) {
    const visit = (this.visit += 1);
    const refreshed = this.page.refresh();
    this.loadTags();
    try {
      const listing = this.listing();
      const here = place ?? this.gallery.place();
      const [head] = await Promise.all([this.head(listing), refreshed]);
      const there = here?.id ? await this.moved(here, head.total) : here;
      const target = seen?.id ? await this.offsetOf(seen.id) : null;
      const from = target ?? there?.offset ?? 0;
      await listing.want(Math.max(0, from - 20), Math.min(from + 60, head.total));
      if (head.total !== this.total) await this.shiftSelection();
      if (visit !== this.visit) return;
      const isFirst = this.total === null;
      Object.assign(this, { failure: null, total: head.total, known: head });
      this.renderFound();
      this.gallery.fill(listing, this.sections(head));
      if (isFirst || target !== null) this.arrive(place && { ...place, ...there }, target);
      else if (there && here.total !== head.total) this.gallery.goTo(there);
    } catch (error) {
      if (visit !== this.visit || error.name === "AbortError") return;
      this.failure = error;
      this.renderFound();
    }
    if (this.total) await this.countDuplicates();
  }

  listing() {
    const wish = parametersOf(this.filter);
    const read = (offset, limit, signal) => {
      const path = new URLSearchParams([...wish, ["offset", String(offset)], ["limit", String(limit)]]);
      return api.ask(`/v1/images?${path}`, { signal });
    };
    const arrived = () => this.gallery.listing === listing && this.gallery.render();
    const listing = new Listing(read, { arrived, failed: (error) => say(api.sentence(error)) });
    return listing;
  }

  /** How many pictures there are, and on which days. */
  async head(listing) {
    if (!BY_DAY.includes(this.filter.sort)) {
      const { total } = await listing.read(0, 1);
      return { total, days: null };
    }
    const offset = -new Date().getTimezoneOffset();
    return api.ask(`/v1/images/days?${parametersOf(this.filter, { utc_offset: String(offset) })}`);
  }

  sections({ total, days }) {
    if (!days) return total ? [{ key: "all", label: null, count: total }] : [];
    return days.map(({ day, pictures }) => ({ key: String(day), label: dayName(day), count: pictures }));
  }

  /** A place as it is now that pictures may have come or gone above it. */
  async moved(here, total) {
    if (here.total === total) return here;
    const offset = await this.offsetOf(here.id);
    return { ...here, offset: offset ?? here.offset };
  }

  /** What is selected goes along when pictures have come or gone above it. */
  async shiftSelection() {
    const [selected] = this.selection.chosen;
    if (!selected) return;
    const [id, before] = selected;
    const offset = await this.offsetOf(id);
    if (offset !== null) this.selection.shift(offset - before);
  }

  async offsetOf(id) {
    try {
      return (await api.ask(`/v1/images/${id}/place?${parametersOf(this.filter)}`)).offset;
    } catch {
      return null; // it is gone
    }
  }

  async loadTags() {
    try {
      this.tags = (await api.ask("/v1/tags")).tags;
    } catch {
      return;
    }
    this.renderTags();
  }

  /** After everything else: the server may be comparing. Where it fails, the number stays as it was. */
  async countDuplicates() {
    try {
      this.groups = (await api.ask("/v1/duplicates?limit=1")).total;
    } catch {
      return;
    }
    this.renderLinks();
  }

  /** Bring the reader to where they were, with the focus on the picture that they looked at last. */
  arrive(place, seen) {
    if (place?.offset !== undefined) this.gallery.goTo(place);
    else if (place) document.documentElement.scrollTop = place.y;
    const focused = document.activeElement;
    const isFree = !focused || focused === document.body || focused.id === "main"; // or it is taken from who went on
    if (isFree && seen !== null && seen !== undefined) this.gallery.focus(seen);
  }

  /** Keep the place in the history, for coming back and for reloading. */
  save() {
    clearTimeout(this.saving);
    this.saving = null;
    if (!this.shown || this.total === null) return;
    const place = this.gallery.place() ?? { y: document.documentElement.scrollTop };
    history.replaceState({ ...history.state, place }, "");
  }

  open(image) {
    this.save();
    this.page.go(addressOf(this.filter, image.id));
    history.replaceState({ ...history.state, fromGallery: true }, ""); // the way back is one step
  }

  key(event) {
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    if (event.key === "Escape" && this.selection.size) this.selection.clear();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && this.total) this.selectAll();
    else return;
    event.preventDefault();
  }

  async selectAll() {
    try {
      const images = await this.gallery.listing.between(0, Math.min(this.total, MOST));
      this.selection.replace(images.map(({ id }) => id));
      if (this.total > MOST) say(t("select.most", { count: MOST }));
    } catch (error) {
      say(api.sentence(error));
    }
  }

  selected() {
    this.gallery.mark();
    this.bar.render();
  }

  /** After a change to several pictures, or its undoing; `keeps` the selection, where the change moves none of them. */
  async changed({ keeps = false } = {}) {
    const { words, tags, sort } = this.filter;
    if (!keeps || words || tags.length || sort === "name") this.selection.clear();
    if (this.shown) await this.load();
  }

  render() {
    this.choices = h("div", { class: "choices" });
    this.found = h("div", { class: "found" });
    this.links = h("p", { class: "row small links" });
    refill(
      this.element,
      h("div", { class: "head" }, h("h1", {}, t("library.heading")), this.links),
      this.showsAdding() && this.adding.element,
      this.form(),
      this.choices,
      this.found,
      this.gallery.element,
      this.bar.element,
    );
    if (this.showsAdding()) this.adding.render();
    this.renderLinks();
    this.renderTags();
    this.renderFound();
    if (this.known && this.total !== null) this.gallery.fill(this.gallery.listing, this.sections(this.known));
    this.selected();
  }

  form() {
    const { words, sort, order } = this.filter;
    const submit = (event) => {
      event?.preventDefault();
      this.go({ words: field.value.trim() });
    };
    const field = h("input", { type: "search", name: "words", id: "words", value: words });
    this.choice = h("select", { name: "tag", id: "tag", on: { change: (event) => this.go({ tags: [...this.filter.tags, event.target.value] }) } });
    const sorts = SORTS.map((one) => h("option", { value: one, selected: one === sort }, t(`library.sort.${one}`)));
    const choose = (event) => this.go({ sort: event.target.value, order: usualOrder(event.target.value) });
    const turn = () => this.go({ order: order === "asc" ? "desc" : "asc" });
    const form = h(
      "form",
      { class: "filter", role: "search", on: { submit } },
      h("div", { class: "words" }, h("label", { for: "words" }, t("library.words")), field),
      h("button", { type: "submit", id: "filter" }, t("library.filter")),
      h("div", {}, h("label", { for: "tag" }, t("library.tag")), this.choice),
      h("div", {}, h("label", { for: "sort" }, t("library.sort")), h("select", { id: "sort", on: { change: choose } }, sorts)),
      button(order === "asc" ? "↑" : "↓", turn, { id: "order", "aria-label": t(`library.order.${order}`), title: t(`library.order.${order}`) }),
    );
    return folding(t("library.filter"), form, { open: parametersOf(this.filter).size > 0 });
  }

  go(change) {
    this.page.go(addressOf({ ...this.filter, ...change }));
  }

  showsAdding() {
    return api.isAdmin() || this.adding.entries.length > 0;
  }

  renderLinks() {
    const link = (view, text) => innerLink(this.page, `/?view=${view}`, { id: view }, text);
    refill(
      this.links,
      this.groups !== null && link("duplicates", t("library.duplicates", { count: this.groups })),
      api.isAdmin() && link("trash", t("trash.heading")),
      api.isAdmin() && link("history", t("history.heading")),
    );
  }

  renderTags() {
    if (!this.choice) return;
    const { tags } = this.filter;
    const options = this.tags
      .filter(({ tag }) => !tags.includes(tag))
      .map(({ tag, pictures }) => h("option", { value: tag }, `${tag} (${number(pictures)})`));
    refill(this.choice, h("option", { value: "" }, t(tags.length ? "library.anotherTag" : "library.allTags")), options);
    const chip = (tag) =>
      button(`${tag} ×`, () => this.go({ tags: tags.filter((one) => one !== tag) }), { class: "chip", "aria-label": t("library.withoutTag", { tag }) });
    refill(this.choices, tags.map(chip));
  }

  /** What the server told. The fields above stay: somebody may be typing in them. */
  renderFound() {
    if (this.showsAdding() !== this.element.contains(this.adding.element)) {
      this.render();
      return;
    }
    this.renderLinks();
    this.gallery.element.hidden = Boolean(this.failure) || !this.total;
    refill(this.found, this.says());
  }

  says() {
    if (this.failure) return problem(this.page, this.failure, () => this.load());
    if (this.total === null) return [h("p", { role: "status" }, h("span", { class: "spinner" }))];
    if (!this.total) return this.nothing();
    return [h("p", { role: "status", class: "fine" }, t("library.count", { count: this.total }))];
  }

  nothing() {
    const isFiltered = Boolean(this.filter.words || this.filter.tags.length);
    if (!isFiltered) {
      return [
        h("p", { role: "status" }, t("library.empty")),
        h("p", { class: "fine" }, t(api.isAdmin() ? "library.emptyAdmin" : "library.emptyHint")),
      ];
    }
    const all = () => this.go({ words: "", tags: [] });
    return [h("p", { role: "status" }, t("library.nothing")), h("p", { class: "row" }, button(t("library.showAll"), all))];
  }
}
