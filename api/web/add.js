// Adding many pictures at once: three at a time, as one operation, with what became of each.
import * as api from "./api.js";
import { button, h, refill } from "./shared/dom.js";
import { date, list, t } from "./shared/i18n.js";
import { nameOf, warningsOf } from "./shared/match.js";
import { Problem } from "./shared/problem.js";
import { undo } from "./undo.js";

const AT_ONCE = 3;
const MAX_WAIT_S = 60;

export class Adding {
  constructor(page, done) {
    this.page = page;
    this.done = done;
    this.element = h("section", { class: "adding box", "aria-labelledby": "adding-heading" });
    this.entries = [];
    this.operation = null;
    this.cancel = null;
    this.tags = "";
    this.links = "";
  }

  render() {
    const pick = h("input", { type: "file", id: "files", multiple: true, accept: "image/*,.heic,.heif,.avif,.jp2,.j2k,.jxl,.dng,.cr2,.cr3,.nef,.arw,.raf,.orf,.rw2" });
    pick.addEventListener("change", () => this.addFiles([...pick.files]));
    const tags = h("input", { id: "add-tags", value: this.tags });
    tags.addEventListener("input", () => (this.tags = tags.value));
    const links = h("textarea", { id: "links", rows: 3 }, this.links);
    links.addEventListener("input", () => (this.links = links.value));
    const send = () => {
      const urls = links.value.split("\n").map((line) => line.trim()).filter(Boolean);
      this.links = "";
      this.addUrls(urls);
    };
    this.summary = h("span", { role: "status" });
    this.stopButton = button(t("add.stop"), () => this.stop(), { class: "small", hidden: true });
    this.undoButton = button(t("add.undo"), () => this.takeBack(), { class: "small", hidden: true });
    this.rows = h("ul", { class: "entries" }, this.entries.map((entry) => entry.render()));
    refill(
      this.element,
      h("h2", { id: "adding-heading" }, t("add.heading")),
      h("p", { class: "fine" }, t("add.drop")),
      h("label", { for: "add-tags" }, t("image.tags")),
      tags,
      h("p", { class: "row above" }, h("label", { class: "button primary", for: "files" }, t("add.choose")), pick),
      h(
        "details",
        {},
        h("summary", {}, t("add.links").split(",")[0]),
        h("label", { for: "links" }, t("add.links")),
        links,
        h("p", { class: "row" }, button(t("add.addLinks"), send)),
      ),
      h("p", { class: "row above" }, this.summary, this.stopButton, this.undoButton),
      this.rows,
    );
    this.summarise();
  }

  addFiles(files) {
    this.add(files.map((file) => ({ file, name: file.name })));
  }

  addUrls(urls) {
    this.add(urls.map((url) => ({ url, name: url })));
  }

  /** Begin, or join what is under way. */
  async add(given) {
    if (!given.length) return;
    if (!this.cancel) {
      this.entries = [];
      this.operation = null;
    }
    for (const one of given) this.entries.push(new Entry(one));
    this.render();
    if (this.cancel) return;
    this.cancel = new AbortController();
    addEventListener("beforeunload", warn);
    this.summarise();
    // The first that is added opens the operation that the others join.
    while (!this.operation && this.next()) await this.addOne(this.next());
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
    this.cancel = null;
    removeEventListener("beforeunload", warn);
    await this.done();
  }

  next() {
    return this.cancel.signal.aborted ? null : this.entries.find((entry) => entry.state === "waiting");
  }

  async work() {
    for (let entry = this.next(); entry; entry = this.next()) await this.addOne(entry);
  }

  async addOne(entry) {
    const tags = this.tags.split(",").map((tag) => tag.trim()).filter(Boolean);
    await entry.send({ tags, operation: this.operation, stopped: this.cancel.signal });
    this.operation ??= entry.operation;
    this.summarise();
  }

  /** What is under way is finished, for the server may have taken it already; nothing more is begun. */
  stop() {
    this.cancel.abort();
    for (const entry of this.entries) if (entry.state === "waiting") entry.become("cancelled");
    this.summarise();
  }

  summarise() {
    if (!this.entries.length) return;
    const of = (...states) => this.entries.filter((entry) => states.includes(entry.state)).length;
    const count = this.entries.length;
    const sums = { added: of("added", "restored"), duplicate: of("duplicate"), refused: of("refused"), cancelled: of("cancelled") };
    const parts = Object.entries(sums)
      .filter(([, number]) => number)
      .map(([name, number]) => t(`add.sum.${name}`, { count: number }));
    const near = this.entries.filter((entry) => entry.near).length;
    if (near) parts.push(t("add.sum.near", { count: near }));
    const left = of("waiting", "sending", "working");
    this.summary.textContent = (left ? `${t("add.progress", { done: count - left, count })} · ` : "") + list(parts);
    this.stopButton.hidden = !left;
    this.undoButton.hidden = Boolean(left) || !this.operation;
  }

  /** Take back all of it, in one. */
  takeBack() {
    const operation = this.operation;
    if (!operation) return;
    this.entries = [];
    this.operation = null;
    this.render();
    undo(operation, this.done);
  }
}

function warn(event) {
  event.preventDefault();
}

/** One picture that is to be added. */
class Entry {
  constructor({ file, url, name }) {
    this.file = file;
    this.url = url;
    this.state = "waiting";
    this.operation = null;
    this.near = false;
    /** @type {Node[]} */
    this.warnings = [];
    this.bar = h("progress", { max: 1, value: 0, "aria-label": name });
    this.said = h("span", { class: "said" });
    this.row = h("li", {}, h("span", { class: "name" }, name), this.bar, this.said);
    this.become("waiting");
  }

  /**
   * `tell` gives what is said of it, in the language that is the reader's then.
   * @param {string} state
   * @param {() => string | Node} tell
   * @param {Node | null} thumbnail
   */
  become(state, tell = () => t(`add.${state}`), thumbnail = null) {
    this.state = state;
    this.tell = tell;
    this.thumbnail = thumbnail;
    if (!["waiting", "sending", "working"].includes(state)) this.bar.remove();
    this.render();
  }

  render() {
    this.row.className = this.state;
    this.said.replaceChildren(...[this.thumbnail, this.tell(), ...this.warnings].filter(Boolean));
    return this.row;
  }

  async send(how) {
    this.become("sending");
    try {
      const answer = await this.patiently(how);
      this.operation = answer.operation_id;
      this.warnings = warningsOf(answer);
      if (answer.status === "duplicate") this.showDuplicate(answer.image);
      else {
        const before = answer.removed_before;
        const tell = before ? () => t("add.removedBefore", { date: date(before.at) }) : undefined;
        if (answer.near.length) await this.showNear(answer.status, answer.near, tell);
        else this.become(answer.status, tell);
      }
    } catch (error) {
      this.become("refused", () => t("add.refused", { reason: api.sentence(error) }));
    }
  }

  /** When the server has no place, wait as told and try again. */
  async patiently(how) {
    for (;;) {
      try {
        return await this.post(how);
      } catch (error) {
        const wait = error.retryAfter;
        if (wait === null || wait === undefined || wait > MAX_WAIT_S) throw error;
        this.become("sending", () => api.sentence(error));
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
        if (how.stopped.aborted) throw error;
      }
    }
  }

  post({ tags, operation }) {
    if (this.url) {
      const json = { url: this.url, tags };
      if (operation) json.operation_id = operation;
      return api.ask("/v1/images", { json });
    }
    if (this.file.size > api.server.limits.max_bytes) throw new Problem("file_too_large");
    const form = new FormData();
    for (const tag of tags) form.append("tags", tag);
    if (operation) form.append("operation_id", operation);
    form.append("file", this.file);
    const progress = (share) => {
      this.bar.value = share;
      if (share >= 1) this.become("working");
    };
    return api.upload("/v1/images", form, progress);
  }

  /** Added, though nearly the same picture is there: with a link to it, the likeliest where there are several. */
  async showNear(status, [likeliest], tellBefore = () => t(`add.${status}`)) {
    this.near = true;
    this.become(status, tellBefore);
    const image = await api.ask(`/v1/images/${likeliest}`).catch(() => null);
    if (!image) return; // removed meanwhile
    const { file, thumbnail } = image.links;
    const picture = h("img", { alt: "", width: 40, height: 40 });
    api.show(picture, thumbnail);
    const tell = () =>
      h("a", { href: file, target: "_blank", on: api.opening(file) }, t("add.near", { name: nameOf(image) }));
    this.become(status, tell, picture);
  }

  showDuplicate(image) {
    const thumbnail = h("img", { alt: "", width: 40, height: 40 });
    api.show(thumbnail, image.links.thumbnail);
    this.become("duplicate", () => t("add.duplicate", { name: nameOf(image) }), thumbnail);
  }
}
