// The view of near-duplicates: groups side by side, the best first; with the admin key, what to keep of each. Below them
// what is a part of another, and what is similar: to be looked through, and never removed here.
import * as api from "./api.js";
import { fileSize } from "./i18n.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const PAGE = 20;
const MAX_DECIDED = 500; // pictures, as the server takes them
const PAUSE_MS = 400; // between two calls while some have yet to be compared

export class Duplicates {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "duplicates" });
    this.groups = [];
    this.contains = { pairs: [], total: 0 };
    this.variants = { groups: [], cursor: null };
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

  /** As many groups as were shown, or else the first part; again while some pictures have yet to be compared. */
  async load() {
    clearTimeout(this.timer);
    const visit = (this.visit += 1);
    const before = this.fingerprint();
    let wait = PAUSE_MS;
    try {
      const first = await this.part(null);
      const { groups, cursor, last } = await this.asMany(first, this.groups.length);
      const variants = last.variants ? await this.asMany(await this.part(null, "variant"), this.variants.groups.length, "variant") : { groups: [], cursor: null };
      if (visit !== this.visit) return;
      const contains = { pairs: first.contains ?? [], total: first.contains_total ?? 0 };
      Object.assign(this, { failure: null, groups, cursor, contains, variants, total: last.total, waiting: last.waiting });
    } catch (error) {
      if (visit !== this.visit) return;
      if (!error.retryAfter || this.total === null) this.failure = error;
      if (this.failure) this.waiting = 0;
      else wait = error.retryAfter * 1000;
    }
    if (this.fingerprint() !== before) this.renderFound();
    if (this.waiting) this.timer = setTimeout(() => this.load(), wait);
  }

  /** The groups of a first part, and of those that follow until there are as many as wanted. */
  async asMany(first, wanted, lane = "same") {
    let last = first;
    const groups = [...first.groups];
    while (last.next_cursor && groups.length < wanted) {
      last = await this.part(last.next_cursor, lane);
      groups.push(...last.groups);
    }
    return { groups, cursor: last.next_cursor, last };
  }

  /** What is to be seen: where it is as it was, nothing is drawn or fetched again. */
  fingerprint() {
    const { groups, contains, variants, total, waiting, failure } = this;
    return JSON.stringify([groups, contains, variants.groups, total, waiting, failure?.code, api.server?.access]);
  }

  /** `list`: what has groups and a cursor; `lane`: what they are of. */
  async more(pressed, list, lane) {
    pressed.disabled = true;
    const shown = list.groups.length;
    try {
      const found = await this.part(list.cursor, lane);
      list.groups.push(...found.groups);
      list.cursor = found.next_cursor;
      this.renderFound();
      /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(`.groups.${lane} > .group`))[shown]?.focus();
    } catch (error) {
      pressed.disabled = false;
      say(api.sentence(error));
    }
  }

  part(cursor, lane = "same") {
    const where = lane === "same" ? "" : `&lane=${lane}`;
    return api.ask(`/v1/duplicates?limit=${PAGE}${where}${cursor ? `&cursor=${cursor}` : ""}`);
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
    return [
      this.groups.length + this.contains.pairs.length + this.variants.groups.length > 0 && !api.isAdmin() && this.invitation(),
      h("ul", { class: "groups same" }, this.groups.map((group, index) => this.group(group, index + 1))),
      this.rest(this, "same"),
      this.contains.pairs.length > 0 && this.partsOfOthers(),
      this.variants.groups.length > 0 && this.similar(),
    ];
  }

  /** The way to more groups of a list, if there are any. */
  rest(list, lane) {
    const more = button(t("library.more"), () => this.more(more, list, lane));
    return list.cursor && h("p", { class: "row centre" }, more);
  }

  partsOfOthers() {
    const { pairs, total } = this.contains;
    return h(
      "section",
      { class: "contains", "aria-labelledby": "contains-heading" },
      h("h2", { id: "contains-heading" }, t("duplicates.contains")),
      h("p", {}, t("duplicates.containsText")),
      h("ul", { class: "groups" }, pairs.map((pair, index) => this.pair(pair, index + 1))),
      total > pairs.length && h("p", { class: "fine" }, t("duplicates.containsMore", { count: total - pairs.length })),
    );
  }

  pair({ part, whole }, place) {
    const name = t("duplicates.containsPair", { place });
    const twins = [this.twin(part, t("duplicates.part")), this.twin(whole, t("duplicates.whole"))];
    return this.lookedThrough(name, twins, [part.id, whole.id]);
  }

  similar() {
    const groups = this.variants.groups.map(({ images }, index) => {
      const twins = images.map((image) => this.twin(image));
      const ids = images.map((image) => image.id);
      return this.lookedThrough(t("duplicates.variantsGroup", { place: index + 1 }), twins, ids);
    });
    return h(
      "section",
      { class: "similar", "aria-labelledby": "similar-heading" },
      h("h2", { id: "similar-heading" }, t("duplicates.variants")),
      h("p", {}, t("duplicates.variantsText")),
      h("ul", { class: "groups variant" }, groups),
      this.rest(this.variants, "variant"),
    );
  }

  /** Pictures of which none can be removed here; once looked through, they need not be shown again. */
  lookedThrough(name, twins, ids) {
    const label = t("duplicates.seen");
    const seen = button(label, () => this.decide(ids, "all"), { "aria-label": `${label}: ${name}` });
    return h(
      "li",
      { class: "group box", tabindex: "-1", "aria-label": name },
      h("ul", { class: "twins" }, twins),
      api.isAdmin() && ids.length <= MAX_DECIDED && h("p", { class: "row" }, seen),
    );
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
      h("ul", { class: "twins" }, images.map((image, index) => (index ? this.twin(image, "", this.keeping(ids, image)) : this.best(image)))),
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

  best(image) {
    const twin = this.twin(image, t("duplicates.best"));
    twin.classList.add("best");
    return twin;
  }

  /** For whoever likes another better than the best. */
  keeping(ids, image) {
    const label = t("duplicates.keepThis");
    const name = `${label}: ${nameOf(image)}`;
    return api.isAdmin() && button(label, () => this.decide(ids, "best", image.id), { class: "small", "aria-label": name });
  }

  twin(image, badge = "", act = null) {
    const name = nameOf(image);
    const picture = h("img", { alt: name, loading: "lazy", width: 240, height: 180 });
    api.show(picture, image.links.thumbnail);
    const measures = t("result.size", { width: image.width, height: image.height });
    return h(
      "li",
      {},
      h("a", { href: image.links.file, target: "_blank", on: api.opening(image.links.file) }, picture),
      badge && h("span", { class: "badge" }, badge),
      h("span", { class: "name" }, name),
      h("span", { class: "fine" }, measures),
      h("span", { class: "fine" }, fileSize(image.byte_size)),
      act,
    );
  }

  /** Say what becomes of a group, and offer to take it back. */
  async decide(images, keep, keeper = null) {
    if (this.deciding) return; // the second half of a double click
    this.deciding = true;
    try {
      const json = keeper ? { images, keep, keeper } : { images, keep };
      const { operation_id: operation, removed, left = [] } = await api.ask("/v1/duplicates", { json });
      const stays = left.length ? t("duplicates.left", { count: left.length }) : "";
      const done = {
        best: () => [t("duplicates.removed", { count: removed.length }), stays].filter(Boolean).join(" "),
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
