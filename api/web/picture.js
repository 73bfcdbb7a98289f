// The page of one picture: large, with what is known of it, its neighbours in the gallery, and what can be done with it.
import * as api from "./api.js";
import { asksForKey } from "./failure.js";
import { addressOf, filterOf, parametersOf } from "./filter.js";
import { actorName, fileSize } from "./i18n.js";
import { innerLink } from "./links.js";
import { save } from "./saving.js";
import { openDialog } from "./shared/dialog.js";
import { button, h, link, refill } from "./shared/dom.js";
import { date, t } from "./shared/i18n.js";
import { nameOf, warningsOf } from "./shared/match.js";
import { Stage } from "./stage.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const RELATED = ["near_duplicates", "variants", "parts", "wholes"];

/** The picture that was looked at last, for the gallery to put the focus on. */
export const lastSeen = {
  /** @type {{ id: number, offset: number | null } | null} */
  picture: null,
  isClosed: false, // by Escape or by its button, where there is no gallery to go back to
  take(cameBack) {
    const taken = cameBack || this.isClosed ? this.picture : null;
    this.picture = null;
    this.isClosed = false;
    return taken;
  },
};

export class Picture {
  constructor(page) {
    this.page = page;
    this.stage = new Stage({ swiped: (steps) => this.go(steps) });
    this.element = h("div", { class: "picture" });
    this.filter = filterOf(new URLSearchParams());
    this.image = null;
    this.neighbours = null;
    this.relations = null; // near-duplicates and the like
    this.turning = false; // the neighbours are not its own yet
    this.wished = 0; // steps to go on by then
    this.failure = null;
    this.changing = false;
    this.visit = 0; // only the latest call may draw
    this.typed = (event) => this.key(event);
  }

  enter(wanted) {
    this.filter = filterOf(wanted);
    if (!this.shown) {
      this.shown = true;
      document.addEventListener("keydown", this.typed);
      this.stage.start();
    }
    this.show(Number(wanted.get("image")));
  }

  leave() {
    this.shown = false;
    this.visit += 1;
    this.image = null;
    document.removeEventListener("keydown", this.typed);
    this.stage.stop();
  }

  title() {
    return this.image ? nameOf(this.image) : t("library.heading");
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

  async show(id) {
    const visit = (this.visit += 1);
    const isOther = this.image?.id !== id;
    if (isOther) Object.assign(this, { image: null, relations: null, failure: null });
    this.turning = true;
    this.wished = 0;
    this.render();
    lastSeen.picture = { id, offset: null };
    const placing = api.ask(`/v1/images/${id}/place?${parametersOf(this.filter)}`);
    placing.catch(() => {}); // said where it is waited for
    try {
      this.image = await this.ofVisit(visit, api.ask(`/v1/images/${id}`));
      this.render();
      this.page.entitle();
      if (isOther) this.stage.show(this.image);
      this.neighbours = await this.ofVisit(visit, placing);
      this.turning = false;
      lastSeen.picture = { id, offset: this.neighbours.offset };
      this.renderWays();
      if (this.wished) this.go(this.wished);
      else await this.showAround(id, visit);
    } catch (error) {
      if (visit !== this.visit) return;
      this.failure = error;
      this.render();
    }
  }

  /** What the server says, for as long as nothing else has been asked for meanwhile. */
  async ofVisit(visit, asked) {
    const answer = await asked;
    if (visit !== this.visit) throw new DOMException("Another picture is shown by now.", "AbortError");
    return answer;
  }

  /** Pictures that have to do with it, and the next one beforehand. */
  async showAround(id, visit) {
    this.relations = await this.ofVisit(visit, api.ask(`/v1/images/${id}/related`).catch(() => null));
    this.renderRelated();
    if (this.neighbours.next !== null) await this.prepare(this.neighbours.next);
  }

  /** Going on to it, it is there at once. */
  async prepare(id) {
    try {
      await this.stage.preview(await api.ask(`/v1/images/${id}`));
    } catch {
      // It is asked for again when it is shown.
    }
  }

  /** To the neighbour after (1) or before (-1); back leads to the gallery all the same. */
  go(steps) {
    const id = steps > 0 ? this.neighbours?.next : this.neighbours?.previous;
    this.wished = this.turning ? steps : 0; // what is pressed too early counts as soon as it can
    if (this.turning || id === null || id === undefined) return;
    history.replaceState(history.state, "", addressOf(this.filter, id));
    this.show(id);
  }

  /** Back to the gallery, at the same place. */
  close() {
    if (history.state?.fromGallery) {
      history.back();
      return;
    }
    lastSeen.isClosed = true;
    this.page.go(addressOf(this.filter));
  }

  key(event) {
    const isTaken = event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey;
    if (isTaken || document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    const acts = {
      Escape: () => this.close(),
      ArrowLeft: () => this.go(-1),
      ArrowRight: () => this.go(1),
      "+": () => this.stage.zoom(1),
      "=": () => this.stage.zoom(1),
      "-": () => this.stage.zoom(-1),
      0: () => this.stage.fit(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  render() {
    if (this.failure) {
      refill(this.element, this.problem());
      return;
    }
    const tool = (sign, label, act, id) => button(sign, act, { id, class: "tool", "aria-label": label, title: label });
    this.ways = h("div", { class: "ways" });
    this.related = h("div", { class: "related" });
    this.stage.element.remove(); // it is taken along, with what it shows
    refill(
      this.element,
      h(
        "div",
        { class: "viewer" },
        this.stage.element,
        h(
          "div",
          { class: "tools-left" },
          tool("←", t("picture.back"), () => this.close(), "picture-back"),
        ),
        h(
          "div",
          { class: "tools-right" },
          tool("−", t("picture.smaller"), () => this.stage.zoom(-1), "smaller"),
          tool("+", t("picture.larger"), () => this.stage.zoom(1), "larger"),
          tool("⤢", t("picture.fit"), () => this.stage.fit(), "fit"),
        ),
        this.ways,
      ),
      h("aside", { class: "about", "aria-labelledby": "picture-name" }, this.image ? this.about() : h("p", { role: "status" }, h("span", { class: "spinner" }))),
    );
    this.renderWays();
    this.renderRelated();
  }

  renderWays() {
    const way = (steps, sign, label, id) => id !== null && button(sign, () => this.go(steps), { id: `way${steps}`, class: "way", "aria-label": label, title: label });
    const { previous = null, next = null, offset = null, total = 0 } = this.neighbours ?? {};
    refill(
      this.ways,
      way(-1, "‹", t("picture.previous"), previous),
      offset !== null && h("p", { class: "fine", id: "place" }, t("picture.place", { place: offset + 1, total })),
      way(1, "›", t("picture.next"), next),
    );
  }

  problem() {
    const isGone = this.failure.code === "unknown_image";
    const act = asksForKey(this.failure)
      ? button(t("nav.signIn"), this.page.openKeys, { class: "primary" })
      : !isGone && button(t("app.retry"), () => ((this.failure = null), this.show(lastSeen.picture.id)));
    return h(
      "section",
      { class: "failure", role: "alert" },
      h("h1", {}, t(isGone ? "picture.gone" : "error.heading")),
      h("p", {}, isGone ? t("picture.goneText") : api.sentence(this.failure)),
      h(
        "p",
        { class: "row" },
        act,
        innerLink(this.page, addressOf(this.filter), { id: "to-gallery" }, t("picture.toLibrary")),
        isGone && api.isAdmin() && innerLink(this.page, "/?view=trash", {}, t("trash.heading")),
      ),
    );
  }

  about() {
    const { image } = this;
    return [
      h("h1", { id: "picture-name" }, nameOf(image)),
      this.acts(),
      h("dl", {}, this.facts().filter(Boolean).map(([term, ...value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value)))),
      ...warningsOf(image, "fine"),
      image.source_missing_since && h("p", { class: "fine" }, t("image.missing", { date: date(image.source_missing_since) })),
      this.related,
    ];
  }

  acts() {
    const { image } = this;
    const { file } = image.links;
    const keep = async (event) => {
      event.preventDefault();
      try {
        const blob = await api.askBlob(file);
        save(blob, blob.type === image.media_type ? image.name : `${image.name}.jpg`); // others get a copy in a usual format
      } catch (error) {
        say(api.sentence(error));
      }
    };
    return h(
      "div",
      { class: "row acts" },
      innerLink(this.page, `/?like=${image.id}`, { class: "button primary", id: "similar" }, t("picture.similar")),
      h("a", { href: file, class: "button", id: "download", download: "", on: api.key() ? { click: keep } : {} }, t("picture.download")),
      api.isAdmin() && [
        button(t("picture.edit"), () => this.edit(), { id: "edit" }),
        button(t("image.remove"), () => this.remove(), { class: "danger", id: "remove" }),
      ],
    );
  }

  facts() {
    const { image } = this;
    const added = image.added_by ? t("picture.addedBy", { date: date(image.created_at), who: actorName(image.added_by) }) : date(image.created_at);
    const tags = image.tags.map((tag) => h("li", {}, innerLink(this.page, addressOf({ ...filterOf(new URLSearchParams()), tags: [tag] }), { class: "chip" }, tag)));
    return [
      image.title && [t("image.file"), image.name],
      [t("image.size"), `${t("result.size", { width: image.width, height: image.height })}, ${fileSize(image.byte_size)}`],
      image.taken_at && [t("picture.taken"), date(image.taken_at)],
      [t("image.added"), added],
      tags.length > 0 && [t("image.tagsShort"), h("ul", { class: "chips" }, tags)],
      ...[["picture.page", image.page_url], ["match.source", image.source_url]].map(([label, url]) => {
        const leads = link(url, hostOf(url));
        return leads && [t(label), leads];
      }),
    ];
  }

  renderRelated() {
    const found = this.relations ?? {};
    const id = this.image?.id;
    const tile = (other) => {
      const picture = h("img", { alt: "", loading: "lazy", width: 96, height: 96 });
      api.show(picture, other.links.thumbnail);
      const compare = innerLink(this.page, `/?compare=${id},${other.id}`, { class: "compare", "aria-label": t("picture.compareWith", { name: nameOf(other) }) }, t("picture.compare"));
      return h("li", {}, innerLink(this.page, addressOf(this.filter, other.id), { class: "tile", id: `related-${other.id}` }, picture, h("span", { class: "name" }, nameOf(other))), compare);
    };
    const groups = RELATED.filter((kind) => found[kind]?.length);
    refill(
      this.related,
      groups.map((kind) => h("section", {}, h("h2", {}, t(`picture.${kind}`)), h("ul", { class: "small-tiles" }, found[kind].map(tile)))),
    );
  }

  edit() {
    const { image } = this;
    const field = (id, label, value, more = {}) => [h("label", { for: id }, label), h("input", { id, value: value ?? "", ...more })];
    const value = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id)).value.trim();
    const submit = async (event) => {
      event.preventDefault();
      // Tags that nobody touched stay as they are: an older version took some with a comma in them.
      const tags = value("tags") !== image.tags.join(", ").trim() && { tags: value("tags").split(",").map((tag) => tag.trim()).filter(Boolean) };
      const json = {
        title: value("title") || null,
        ...tags,
        page_url: value("page-url") || null,
        source_url: value("source-url") || null,
      };
      await this.change({ method: "PATCH", json }, t("image.saved"), () => (dialog.close(), image.id));
    };
    const dialog = openDialog(
      { heading: t("picture.edit") },
      h(
        "form",
        { on: { submit } },
        field("title", t("image.title"), image.title, { maxlength: 500 }),
        field("tags", t("image.tags"), image.tags.join(", ")),
        field("page-url", t("picture.page"), image.page_url, { type: "url" }),
        field("source-url", t("match.source"), image.source_url, { type: "url" }),
        h("p", { class: "row above" }, h("button", { type: "submit", class: "primary" }, t("image.save"))),
      ),
    );
  }

  /** The next picture takes its place. */
  remove() {
    const { previous = null, next = null } = this.neighbours ?? {};
    this.change({ method: "DELETE" }, t("image.removed", { name: nameOf(this.image) }), () => next ?? previous);
  }

  /** Change something, say so, and offer to take it back; then the picture that `then()` tells is shown. */
  async change(options, said, then) {
    if (this.changing) return; // the second half of a double click
    this.changing = true;
    const { id } = this.image;
    try {
      const { operation_id: operation } = await api.ask(`/v1/images/${id}`, options);
      const next = then();
      say(said, { label: t("app.undo"), run: () => undo(operation, () => this.shown && this.turnTo(id)) });
      if (next === null) this.close();
      else this.turnTo(next);
    } catch (error) {
      say(api.sentence(error));
    } finally {
      this.changing = false;
    }
  }

  turnTo(id) {
    history.replaceState(history.state, "", addressOf(this.filter, id));
    this.show(id);
  }
}

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return url;
  }
}
