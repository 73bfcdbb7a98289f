// The view of what is in the library: look, filter, and with the admin key add, edit, remove.
import { Adding } from "./add.js";
import * as api from "./api.js";
import { fileSize } from "./i18n.js";
import { openDialog } from "./shared/dialog.js";
import { button, h, refill } from "./shared/dom.js";
import { date, number, t } from "./shared/i18n.js";
import { nameOf, sourceOf } from "./shared/match.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const PAGE = 60;
const CLEAR_OR_MOVING = ["image/png", "image/webp", "image/gif", "image/avif"];

export class Library {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "library" });
    this.adding = new Adding(page, () => this.load({ keep: true }));
    this.filter = { words: "", tag: "" };
    this.images = [];
    this.tags = [];
    this.total = null;
    this.cursor = null;
    this.failure = null;
    this.groups = null; // of near-duplicates
    this.changing = false;
  }

  enter(wanted) {
    const filter = { words: wanted.get("words") ?? "", tag: wanted.get("tag") ?? "" };
    if (filter.words !== this.filter.words || filter.tag !== this.filter.tag) this.total = null;
    this.filter = filter;
    this.render();
    this.load();
  }

  leave() {}

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

  /** The first part of what passes the filter; with `keep` as many as were shown before. */
  async load({ keep = false } = {}) {
    this.failure = null;
    const shown = keep ? this.images.length : 0;
    const before = this.fingerprint();
    try {
      const [found, { tags }] = await Promise.all([this.part(null), api.ask("/v1/tags"), this.page.refresh()]);
      this.tags = tags;
      this.take(found, []);
      while (this.cursor && this.images.length < shown) this.take(await this.part(this.cursor), this.images);
    } catch (error) {
      this.failure = error;
    }
    if (this.fingerprint() !== before) this.renderFound();
    if (this.total) await this.countDuplicates();
  }

  /** After everything else: the server may be comparing. Where it fails, the number stays as it was. */
  async countDuplicates() {
    try {
      this.groups = (await api.ask("/v1/duplicates?limit=1")).total;
    } catch {
      return;
    }
    this.renderDuplicates();
  }

  renderDuplicates() {
    const address = "/?view=duplicates";
    const follow = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.page.go(address);
    };
    const link = h("a", { href: address, id: "duplicates", on: { click: follow } }, t("library.duplicates", { count: this.groups ?? 0 }));
    refill(this.duplicates, this.groups !== null && link);
  }

  /** What is to be seen: where it is as it was, nothing is drawn or fetched again. */
  fingerprint() {
    const { images, tags, total, failure } = this;
    return JSON.stringify([images, tags, total, failure?.code, api.server?.access]);
  }

  async more(pressed) {
    pressed.disabled = true;
    const shown = this.images.length;
    try {
      this.take(await this.part(this.cursor), this.images);
      this.renderFound();
      /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".gallery button"))[shown]?.focus();
    } catch (error) {
      pressed.disabled = false;
      say(api.sentence(error));
    }
  }

  part(cursor) {
    const wanted = new URLSearchParams({ limit: String(PAGE) });
    for (const [name, value] of Object.entries({ ...this.filter, cursor })) if (value) wanted.set(name, value);
    return api.ask(`/v1/images?${wanted}`);
  }

  take(found, before) {
    this.images = [...before, ...found.images];
    this.cursor = found.next_cursor;
    if (found.total !== null) this.total = found.total;
  }

  render() {
    const submit = (event) => {
      event.preventDefault();
      const wanted = new URLSearchParams({ view: "library" });
      const form = new FormData(event.currentTarget);
      for (const [name, value] of form) if (value) wanted.set(name, String(value));
      this.page.go(`/?${wanted}`);
    };
    const words = h("input", { type: "search", name: "words", id: "words", value: this.filter.words });
    this.choice = h("select", { name: "tag", id: "tag", on: { change: (event) => event.target.form.requestSubmit() } });
    this.found = h("div", {});
    this.duplicates = h("p", { class: "row small" });
    refill(
      this.element,
      h("h1", {}, t("library.heading")),
      this.showsAdding() && this.adding.element,
      h(
        "form",
        { class: "filter", role: "search", on: { submit } },
        h("div", {}, h("label", { for: "words" }, t("library.words")), words),
        h("div", {}, h("label", { for: "tag" }, t("library.tag")), this.choice),
        h("button", { type: "submit", id: "filter" }, t("library.filter")),
      ),
      this.duplicates,
      this.found,
    );
    if (this.showsAdding()) this.adding.render();
    this.renderDuplicates();
    this.renderFound();
  }

  showsAdding() {
    return api.isAdmin() || this.adding.entries.length > 0;
  }

  /** What the server told. The fields above stay: somebody may be typing in them. */
  renderFound() {
    if (this.showsAdding() !== this.element.contains(this.adding.element)) {
      this.render();
      return;
    }
    const { tag } = this.filter;
    const options = this.tags.map(({ tag: name, pictures }) =>
      h("option", { value: name, selected: name === tag }, `${name} (${number(pictures)})`),
    );
    refill(
      this.choice,
      h("option", { value: "" }, t("library.allTags")),
      options,
      tag && !this.tags.some((one) => one.tag === tag) && h("option", { value: tag, selected: true }, tag),
    );
    refill(this.found, this.gallery());
  }

  gallery() {
    if (this.failure) {
      const needsKey = ["key_required", "wrong_key"].includes(this.failure.code);
      const [act, label] = needsKey ? [this.page.openKeys, t("nav.signIn")] : [() => this.load(), t("app.retry")];
      return [
        h("p", { class: "problem", role: "alert" }, api.sentence(this.failure)),
        h("p", { class: "row" }, button(label, act)),
      ];
    }
    if (this.total === null) return [h("p", { role: "status" }, h("span", { class: "spinner" }))];
    if (!this.images.length) {
      const filtered = this.filter.words || this.filter.tag;
      return [
        h("p", { role: "status" }, t(filtered ? "library.nothing" : "library.empty")),
        !filtered && !api.isAdmin() && h("p", { class: "fine" }, t("library.emptyHint")),
      ].filter(Boolean);
    }
    const more = button(t("library.more"), () => this.more(more));
    return [
      h("p", { role: "status", class: "fine" }, t("library.count", { count: this.total })),
      h("ul", { class: "gallery" }, this.images.map((image) => h("li", {}, this.tile(image)))),
      this.cursor && h("p", { class: "row centre" }, more),
    ].filter(Boolean);
  }

  tile(image) {
    const picture = h("img", { alt: "", loading: "lazy", width: 160, height: 160 });
    api.show(picture, image.links.thumbnail);
    return h(
      "button",
      { type: "button", class: "tile", id: `image-${image.id}`, on: { click: () => this.open(image) } },
      picture,
      h("span", {}, nameOf(image)),
      image.tags.includes("sample") && h("span", { class: "badge" }, t("samples.badge")),
    );
  }

  open(image) {
    const name = nameOf(image);
    const picture = this.large(image);
    const facts = [
      [t("image.file"), image.name],
      [t("image.size"), `${t("result.size", { width: image.width, height: image.height })}, ${fileSize(image.byte_size)}`],
      [t("image.added"), date(image.created_at)],
      image.tags.length && [t("image.tagsShort"), image.tags.join(", ")],
    ].filter(Boolean);
    const dialog = openDialog(
      { heading: name, wide: true },
      h(
        "div",
        { class: "details" },
        picture,
        h(
          "div",
          {},
          h("dl", {}, facts.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value)))),
          image.source_missing_since && h("p", { class: "fine" }, t("image.missing", { date: date(image.source_missing_since) })),
          h(
            "p",
            { class: "row" },
            button(t("match.like"), () => (dialog.close(), this.page.go(`/?like=${image.id}`)), { class: "primary" }),
            h("a", { href: image.links.file, target: "_blank", on: api.opening(image.links.file) }, t("match.open")),
            sourceOf(image),
          ),
          api.isAdmin() && this.editor(image, () => dialog),
        ),
      ),
    );
  }

  /** The thumbnail; of what may be transparent or move the picture itself, on a chequerboard. */
  large(image) {
    const isWhole = CLEAR_OR_MOVING.includes(image.media_type);
    const picture = h("img", { class: isWhole ? "large chequered" : "large", alt: nameOf(image) });
    const showThumbnail = () => {
      picture.classList.remove("chequered");
      api.show(picture, image.links.thumbnail);
    };
    if (!isWhole) showThumbnail();
    else {
      picture.addEventListener("error", showThumbnail, { once: true });
      api.show(picture, image.links.file);
    }
    return picture;
  }

  editor(image, dialog) {
    const title = h("input", { id: "title", value: image.title ?? "", maxlength: 500 });
    const tags = h("input", { id: "tags", value: image.tags.join(", ") });
    const save = async (event) => {
      event.preventDefault();
      const words = tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
      const path = `/v1/images/${image.id}`;
      await this.change(path, { method: "PATCH", json: { title: title.value.trim() || null, tags: words } }, () => {
        dialog().close();
        return t("image.saved");
      });
    };
    const remove = () =>
      this.change(`/v1/images/${image.id}`, { method: "DELETE" }, () => {
        dialog().close();
        return t("image.removed", { name: nameOf(image) });
      });
    return h(
      "form",
      { on: { submit: save } },
      h("label", { for: "title" }, t("image.title")),
      title,
      h("label", { for: "tags" }, t("image.tags")),
      tags,
      h(
        "p",
        { class: "row" },
        h("button", { type: "submit" }, t("image.save")),
        button(t("image.remove"), remove, { class: "danger" }),
      ),
    );
  }

  /** Change something, say so, and offer to take it back. */
  async change(path, options, done) {
    if (this.changing) return; // the second half of a double click
    this.changing = true;
    try {
      const { operation_id: operation } = await api.ask(path, options).finally(() => (this.changing = false));
      say(done(), { label: t("app.undo"), run: () => undo(operation, () => this.load({ keep: true })) });
      await this.load({ keep: true });
    } catch (error) {
      say(api.sentence(error));
    }
  }
}
