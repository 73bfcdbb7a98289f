// The view of what was done to the library: by whom, when, with how many pictures; what can be undone is undone here.
import * as api from "./api.js";
import { problem } from "./failure.js";
import { actorName } from "./i18n.js";
import { innerLink } from "./links.js";
import { button, h, refill } from "./shared/dom.js";
import { date, has, t } from "./shared/i18n.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const PAGE = 30;

export class History {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "history" });
    this.operations = [];
    this.next = null;
    this.failure = null;
    this.isKnown = false;
    this.visit = 0; // only the latest call may draw
  }

  enter() {
    this.shown = true;
    this.isKnown = false;
    this.render();
    this.load();
  }

  leave() {
    this.shown = false;
    this.visit += 1;
  }

  title() {
    return t("history.heading");
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

  /** As many as were shown, or else the first part. */
  async load() {
    const visit = (this.visit += 1);
    try {
      let part = await this.part(null);
      const operations = [...part.operations];
      while (part.next !== null && this.isKnown && operations.length < this.operations.length) {
        part = await this.part(part.next);
        operations.push(...part.operations);
      }
      if (visit !== this.visit) return;
      Object.assign(this, { operations, next: part.next, failure: null, isKnown: true });
    } catch (error) {
      if (visit !== this.visit) return;
      this.failure = error;
    }
    this.renderFound();
  }

  part(before) {
    return api.ask(`/v1/operations?limit=${PAGE}${before === null ? "" : `&before=${before}`}`);
  }

  async more(pressed) {
    pressed.disabled = true;
    const shown = this.operations.length;
    try {
      const { operations, next } = await this.part(this.next);
      this.operations.push(...operations);
      this.next = next;
      this.renderFound();
      /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".operations > li"))[shown]?.focus();
    } catch (error) {
      pressed.disabled = false;
      say(api.sentence(error));
    }
  }

  render() {
    this.found = h("div", { class: "found" });
    refill(
      this.element,
      h("p", { class: "fine" }, innerLink(this.page, "/?view=library", { id: "to-library" }, `← ${t("library.heading")}`)),
      h("h1", {}, t("history.heading")),
      h("p", {}, t("history.text")),
      this.found,
    );
    this.renderFound();
  }

  renderFound() {
    refill(this.found, this.list());
  }

  list() {
    if (this.failure) return problem(this.page, this.failure, () => this.load());
    if (!this.isKnown) return [h("p", { role: "status" }, h("span", { class: "spinner" }))];
    if (!this.operations.length) return [h("p", { role: "status" }, t("history.empty"))];
    const more = button(t("library.more"), () => this.more(more));
    return [
      h("ol", { class: "operations" }, this.operations.map((operation) => this.entry(operation))),
      this.next !== null && h("p", { class: "row centre" }, more),
    ];
  }

  entry(operation) {
    const { id, kind, actor, at, pictures, undone, can_undo: canUndo, images } = operation;
    const what = has(`history.${kind}.other`) ? t(`history.${kind}`, { count: pictures }) : t("history.change", { count: pictures });
    const back = () => undo(id, () => this.shown && this.load());
    return h(
      "li",
      { class: undone ? "box undone" : "box", tabindex: "-1" },
      h("div", { class: "thumbs" }, images.map((image) => this.thumbnail(image))),
      h(
        "div",
        { class: "said" },
        h("strong", {}, what),
        h("span", { class: "fine" }, `${date(at)} · ${actorName(actor)}`),
      ),
      undone && h("span", { class: "badge" }, t("history.undone")),
      canUndo && !undone && button(t("app.undo"), back, { class: "small", id: `undo-${id}`, "aria-label": `${t("app.undo")}: ${what}` }),
    );
  }

  /** Of a picture that is gone from the library, what the trash has. */
  thumbnail(id) {
    const picture = h("img", { alt: "", width: 56, height: 56, loading: "lazy" });
    const link = innerLink(this.page, `/?image=${id}`, { "aria-label": t("history.picture") }, picture);
    const fromTrash = () => {
      picture.addEventListener("error", () => link.remove(), { once: true });
      api.show(picture, `/v1/trash/${id}/thumbnail`);
    };
    picture.addEventListener("error", fromTrash, { once: true });
    api.show(picture, `/v1/images/${id}/thumbnail`);
    return link;
  }
}
