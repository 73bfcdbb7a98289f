// The view of near-duplicates: groups side by side, the best first; with the admin key, what to keep of each.
import * as api from "./api.js";
import { fileSize } from "./i18n.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const PAGE = 20;
const PAUSE_MS = 400; // between two calls while some have yet to be compared

export class Duplicates {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "duplicates" });
    this.groups = [];
    this.total = null;
    this.waiting = 0;
    this.cursor = null;
    this.failure = null;
    this.deciding = false;
    this.timer = null;
    this.visit = 0; // only the latest call may draw
  }

  enter() {
    this.render();
    this.load();
  }

  leave() {
    this.visit += 1;
    clearTimeout(this.timer);
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

  /** As many groups as were shown, or else the first part; again while some pictures have yet to be compared. */
  async load() {
    clearTimeout(this.timer);
    const visit = (this.visit += 1);
    const before = this.fingerprint();
    let wait = PAUSE_MS;
    try {
      let found = await this.part(null);
      const groups = [...found.groups];
      while (found.next_cursor && groups.length < this.groups.length) {
        found = await this.part(found.next_cursor);
        groups.push(...found.groups);
      }
      if (visit !== this.visit) return;
      Object.assign(this, { failure: null, groups, cursor: found.next_cursor, total: found.total, waiting: found.waiting });
    } catch (error) {
      if (visit !== this.visit) return;
      if (!error.retryAfter || this.total === null) this.failure = error;
      if (this.failure) this.waiting = 0;
      else wait = error.retryAfter * 1000;
    }
    if (this.fingerprint() !== before) this.renderFound();
    if (this.waiting) this.timer = setTimeout(() => this.load(), wait);
  }

  /** What is to be seen: where it is as it was, nothing is drawn or fetched again. */
  fingerprint() {
    const { groups, total, waiting, failure } = this;
    return JSON.stringify([groups, total, waiting, failure?.code, api.server?.access]);
  }

  async more(pressed) {
    pressed.disabled = true;
    const shown = this.groups.length;
    try {
      const found = await this.part(this.cursor);
      this.groups.push(...found.groups);
      this.cursor = found.next_cursor;
      this.renderFound();
      /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".group"))[shown]?.focus();
    } catch (error) {
      pressed.disabled = false;
      say(api.sentence(error));
    }
  }

  part(cursor) {
    return api.ask(`/v1/duplicates?limit=${PAGE}${cursor ? `&cursor=${cursor}` : ""}`);
  }

  render() {
    this.said = h("p", { role: "status", class: "fine" });
    this.found = h("div", {});
    refill(
      this.element,
      h("h1", {}, t("duplicates.heading")),
      h("p", {}, t("duplicates.text")),
      this.said,
      this.found,
    );
    this.renderFound();
  }

  renderFound() {
    refill(this.found, this.list());
    // Last, so that screen readers tell of what is on the page by then.
    const says = this.sentences();
    if (this.said.textContent !== says) this.said.textContent = says;
    this.said.classList.toggle("busy", this.waiting > 0);
  }

  sentences() {
    if (this.failure || this.total === null) return "";
    const count = this.total || !this.waiting ? t(this.total ? "duplicates.count" : "duplicates.none", { count: this.total }) : "";
    return [count, this.waiting && t("duplicates.waiting", { count: this.waiting })].filter(Boolean).join(" ");
  }

  list() {
    if (this.failure) {
      const needsKey = ["key_required", "wrong_key"].includes(this.failure.code);
      const [act, label] = needsKey ? [this.page.openKeys, t("nav.signIn")] : [() => this.load(), t("app.retry")];
      return [
        h("p", { class: "problem", role: "alert" }, api.sentence(this.failure)),
        h("p", { class: "row" }, button(label, act)),
      ];
    }
    if (this.total === null) return [h("p", {}, h("span", { class: "spinner" }))];
    const more = button(t("library.more"), () => this.more(more));
    return [
      this.groups.length > 0 && !api.isAdmin() && this.invitation(),
      h("ul", { class: "groups" }, this.groups.map((group, index) => this.group(group, index + 1))),
      this.cursor && h("p", { class: "row centre" }, more),
    ];
  }

  invitation() {
    return h(
      "p",
      { class: "row" },
      t("duplicates.signIn"),
      button(t("nav.signIn"), this.page.openKeys, { id: "sign-in" }),
    );
  }

  group({ images }, place) {
    const name = t("duplicates.group", { place });
    const ids = images.map((image) => image.id);
    const choice = (keep, label, kind = null) =>
      button(label, () => this.decide(ids, keep), { class: kind, "aria-label": `${label}: ${name}` });
    return h(
      "li",
      { class: "group box", tabindex: "-1", "aria-label": name },
      h("ul", { class: "twins" }, images.map((image, index) => this.twin(image, index === 0))),
      api.isAdmin() &&
        h(
          "p",
          { class: "row" },
          choice("best", t("duplicates.keepBest"), "primary"),
          choice("all", t("duplicates.keepAll")),
          choice("different", t("duplicates.different")),
        ),
    );
  }

  twin(image, isBest) {
    const name = nameOf(image);
    const picture = h("img", { alt: name, loading: "lazy", width: 240, height: 180 });
    api.show(picture, image.links.thumbnail);
    const measures = t("result.size", { width: image.width, height: image.height });
    return h(
      "li",
      { class: isBest ? "best" : null },
      h("a", { href: image.links.file, target: "_blank", on: api.opening(image.links.file) }, picture),
      isBest && h("span", { class: "badge" }, t("duplicates.best")),
      h("span", { class: "name" }, name),
      h("span", { class: "fine" }, measures),
      h("span", { class: "fine" }, fileSize(image.byte_size)),
    );
  }

  /** Say what becomes of a group, and offer to take it back. */
  async decide(images, keep) {
    if (this.deciding) return; // the second half of a double click
    this.deciding = true;
    try {
      const { operation_id: operation, removed } = await api.ask("/v1/duplicates", { json: { images, keep } });
      const done = {
        best: () => t("duplicates.removed", { count: removed.length }),
        all: () => t("duplicates.kept"),
        different: () => t("duplicates.remembered"),
      };
      say(done[keep](), operation && { label: t("app.undo"), run: () => undo(operation, () => this.load()) });
    } catch (error) {
      say(api.sentence(error));
    } finally {
      this.deciding = false;
    }
    await this.load();
  }
}
