// The view of what was removed: when, by whom, for how long it is kept; some or all of it is brought back.
import * as api from "./api.js";
import { problem } from "./failure.js";
import { Gallery } from "./gallery.js";
import { actorName, dateOnly } from "./i18n.js";
import { innerLink } from "./links.js";
import { Listing } from "./listing.js";
import { MOST, Selection } from "./selection.js";
import { SelectionBar } from "./selection-bar.js";
import { button, h, refill } from "./shared/dom.js";
import { date, t } from "./shared/i18n.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const LINES = 4; // below each name
const LEAST_PX = 150; // so that they hold the words

export class Trash {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "trash" });
    this.selection = new Selection(() => this.selected());
    this.gallery = new Gallery(this.selection, {
      addressOf: () => null,
      open: (_, offset) => this.gallery.toggle(offset),
      path: (image) => `/v1/trash/${image.id}/thumbnail`,
      about: (image) => h("span", { class: "fine" }, aboutRemoval(image)),
      lines: LINES,
      least: LEAST_PX,
      canSelect: () => api.isAdmin(),
      failed: (error) => say(api.sentence(error)),
    });
    const some = () => this.restore({ images: this.selection.ids() });
    this.bar = new SelectionBar(this.selection, () => [{ label: "trash.restore", run: some, class: "primary" }], () => this.selectAll());
    this.total = null;
    this.failure = null;
    this.restoring = false;
    this.visit = 0; // only the latest call may draw
    this.typed = (event) => this.key(event);
  }

  enter() {
    if (!this.shown) document.addEventListener("keydown", this.typed);
    this.shown = true;
    this.total = null;
    this.selection.clear();
    this.gallery.start();
    this.render();
    this.load();
  }

  leave() {
    this.shown = false;
    this.visit += 1;
    document.removeEventListener("keydown", this.typed);
    this.gallery.stop();
  }

  title() {
    return t("trash.heading");
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

  async load() {
    const visit = (this.visit += 1);
    const read = (offset, limit, signal) => api.ask(`/v1/trash?offset=${offset}&limit=${limit}`, { signal });
    const arrived = () => this.gallery.listing === listing && this.gallery.render();
    const listing = new Listing(read, { arrived, failed: (error) => this.total !== null && say(api.sentence(error)) });
    await listing.want(0, 1);
    if (visit !== this.visit) return;
    this.failure = listing.error;
    if (!this.failure) this.total = listing.total;
    this.renderFound();
    if (!this.failure) this.gallery.fill(listing, this.total ? [{ key: "all", label: null, count: this.total }] : []);
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
    } catch (error) {
      say(api.sentence(error));
    }
  }

  selected() {
    this.gallery.mark();
    this.bar.render();
  }

  render() {
    this.found = h("div", { class: "found" });
    refill(
      this.element,
      h("p", { class: "fine" }, innerLink(this.page, "/?view=library", { id: "to-library" }, `← ${t("library.heading")}`)),
      h("h1", {}, t("trash.heading")),
      h("p", {}, t("trash.text")),
      this.found,
      this.gallery.element,
      this.bar.element,
    );
    this.renderFound();
    if (this.total) this.gallery.render();
    this.selected();
  }

  renderFound() {
    this.gallery.element.hidden = Boolean(this.failure) || !this.total;
    refill(this.found, this.says());
  }

  says() {
    if (this.failure) return problem(this.page, this.failure, () => this.load());
    if (this.total === null) return [h("p", { role: "status" }, h("span", { class: "spinner" }))];
    if (!this.total) return [h("p", { role: "status" }, t("trash.empty"))];
    return [
      h(
        "p",
        { class: "row small" },
        h("span", { role: "status", class: "fine" }, t("library.count", { count: this.total })),
        button(t("trash.restoreAll"), () => this.restore({ all: true }), { id: "restore-all" }),
      ),
    ];
  }

  async restore(json) {
    if (this.restoring) return; // the second half of a double click
    this.restoring = true;
    try {
      const { operation_id: operation, restored } = await api.ask("/v1/trash/restore", { json });
      say(t("trash.restored", { count: restored }), { label: t("app.undo"), run: () => undo(operation, () => this.shown && this.load()) });
    } catch (error) {
      say(api.sentence(error));
    } finally {
      this.restoring = false;
    }
    this.selection.clear();
    await this.load();
  }
}

function aboutRemoval({ removed_at: at, removed_by: who, kept_until: until }) {
  const removed = who ? t("trash.removedBy", { date: date(at), who: actorName(who) }) : t("trash.removed", { date: date(at) });
  return until ? `${removed} ${t("trash.kept", { date: dateOnly(until) })}` : removed;
}
