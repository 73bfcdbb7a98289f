// The view that asks and answers.
import * as api from "./api.js";
import { keep, recalled, remembered } from "./kept.js";
import { isEmpty, ownPictures } from "./own-pictures.js";
import { addressOf, isAsked, isSamePicture, isSameQuestion, matches, MOST, questionIn, SHOWN } from "./question.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { tagFilter } from "./tag-filter.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

/** @type {any} What an answer is shown with, once it is there. */
const shownWith = {};
const complete = import("./answering.js").then((found) => Object.assign(shownWith, found));

// What may be otherwise the next time.
const PASSING = [
  "offline",
  "server",
  "fetch_timeout",
  "fetch_failed",
  "at_capacity",
  "rate_limited",
  "library_busy",
  "files_unreachable",
  "database_unreachable",
  "index_unreachable",
  "body_too_slow",
];

export class Search {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "search" });
    /** @type {import("./question.js").Question | null} */
    this.question = null;
    this.answer = null;
    this.failure = null;
    this.cancel = null; // while something is asked for
    this.isCancelled = false;
    this.picture = null; // the address of the file that is asked with
    this.preview = null; // the picture as the server has seen it
    this.pieces = []; // parts of the picture that seem to be pictures of their own
    this.tags = [];
    this.compared = null; // the match that is laid on the picture
    this.pictures = null; // how many there were when the answer came
    this.visit = 0; // only the latest may ask
  }

  /** `kept` is the key of a file, which an address cannot hold, or else what another app has shared. */
  async enter(wanted, kept = null) {
    const visit = (this.visit += 1);
    const question = questionIn(wanted);
    const compared = wanted.get("compare") ?? "";
    this.tags = question.tags;
    this.compared = /^\d+$/.test(compared) ? Number(compared) : null;
    if (isAsked(question) || !kept) {
      this.take(question);
      return;
    }
    if (typeof kept === "object") {
      this.take({ ...question, ...kept, kept: kept.file && keep(kept.file) });
      return;
    }
    // One that this page remembers is there at once, so that the browser finds the place to scroll back to.
    const file = remembered(kept) ?? (await recalled(kept));
    if (visit !== this.visit) return;
    if (!file) say(t("ask.gone"));
    this.take({ ...question, file: file ?? undefined, kept });
  }

  /** What was answered already is shown again, unless the library has changed. */
  take(question) {
    if (!isAsked(question)) this.clear();
    else if (this.answer && isSameQuestion(question, this.question) && this.pictures === api.server.pictures) this.show();
    else this.ask(question);
  }

  leave() {
    this.visit += 1;
    this.giveUp();
  }

  dropHint() {
    return t("ask.drop");
  }

  takeFiles(files) {
    this.page.searchFiles(files, addressOf({ tags: this.tags }));
  }

  takeUrl(url) {
    this.page.go(addressOf({ url, tags: this.tags }));
  }

  clear() {
    this.giveUp();
    this.pictureOf(null);
    this.question = this.answer = this.failure = null;
    this.render();
  }

  giveUp() {
    this.cancel?.abort();
    this.cancel = null;
  }

  /** The same picture, but another part of it, or among other tags. */
  askAgain(changes) {
    const question = { ...this.question, ...changes };
    this.page.go(addressOf(question), question.kept);
  }

  compareWith(id) {
    this.page.go(addressOf(this.question, id), this.question.kept);
  }

  /** Ask anew; an earlier question that is still under way is given up. With `weak` or `more` the answer stays meanwhile. */
  async ask(question, { weak = false, more = false } = {}) {
    this.giveUp();
    const cancel = new AbortController();
    this.cancel = cancel;
    if (!isSamePicture(question, this.question)) this.pictureOf(question);
    this.question = question;
    this.failure = null;
    this.isCancelled = false;
    if (!weak && !more) this.answer = null;
    this.render();
    const how = { weak, limit: more ? MOST : SHOWN, signal: cancel.signal, progress: (share) => this.tell(share) };
    try {
      const answer = await matches(question, how);
      if (cancel.signal.aborted) return;
      this.answer = { ...answer, weak, more };
      this.pictures = api.server.pictures;
      this.preview = answer.query.preview;
      this.pieces = inReadingOrder(answer.regions ?? []);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (this.answer) say(api.sentence(error));
      else this.failure = error;
    }
    if (this.cancel === cancel) this.cancel = null;
    this.show();
  }

  /** The answer, and what has the focus in it. */
  show() {
    if (this.compared !== null && this.answer && !this.match() && !this.answer.more) {
      this.ask(this.question, { more: true });
      return;
    }
    this.render();
    document.getElementById("answer")?.focus({ preventScroll: true });
  }

  /** The picture of a file is there before the server has seen it. */
  pictureOf(question) {
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.picture = question?.file ? URL.createObjectURL(question.file) : null;
    this.preview = null;
    this.pieces = [];
  }

  match() {
    return this.answer?.matches.find(({ id }) => id === this.compared);
  }

  render() {
    const parts = [];
    const isBusy = Boolean(this.question && !this.answer && !this.failure && !this.isCancelled);
    if (!this.question) {
      const adding = [ownPictures(this.page), this.samples()];
      parts.push(...(isEmpty() ? [...adding, this.askForm(false)] : [this.askForm(true), this.recent(), ...adding]));
    } else if (this.failure) {
      parts.push(this.askForm(false), this.problem());
    } else if (!shownWith.Results) {
      parts.push(h("p", { class: "waiting" }, h("span", { class: "spinner" })));
      complete.then(() => this.render());
    } else if (this.match()) {
      parts.push(shownWith.besideAnswer(this.match(), this));
    } else if (this.answer) {
      parts.push(new shownWith.Results(this, this.page).element);
    } else {
      parts.push(h("div", { class: "results" }, new shownWith.Asked(this, this.page).element, isBusy ? this.waiting() : this.cancelled()));
    }
    this.element.setAttribute("aria-busy", String(isBusy));
    refill(this.element, parts);
    this.page.title?.(this.name());
  }

  /** What was asked, for the browser's tab. */
  name() {
    const { file, url, like } = this.question ?? {};
    if (like !== undefined) return `${t("match.like")} #${like}`;
    return file?.name ?? url?.replace(/^https?:\/\//, "") ?? null;
  }

  waiting() {
    const stop = () => {
      this.giveUp();
      this.isCancelled = true;
      this.render();
      document.getElementById("answer")?.focus({ preventScroll: true });
    };
    const sends = Boolean(this.question.file);
    this.sent = h("progress", { max: 1, value: 0, "aria-label": t("ask.sending"), hidden: !sends });
    this.step = h("span", {}, t(sends ? "ask.sending" : "ask.searching"));
    return h(
      "section",
      { class: "waiting" },
      h("h1", { class: "unseen" }, t("ask.searching")),
      h("p", { role: "status" }, h("span", { class: "spinner" }), this.step),
      h("p", {}, this.sent),
      h("p", {}, button(t("app.cancel"), stop, { id: "cancel" })),
    );
  }

  /** How much of the file was sent; with the last of it the search begins. */
  tell(share) {
    if (!this.sent) return;
    this.sent.value = share;
    if (share < 1) return;
    this.sent.hidden = true;
    this.step.textContent = t("ask.searching");
  }

  cancelled() {
    return h(
      "section",
      { id: "answer", tabindex: "-1", class: "waiting" },
      h("h1", {}, t("ask.cancelled")),
      h("p", {}, button(t("app.retry"), () => this.ask(this.question), { class: "primary" })),
    );
  }

  askForm(whole) {
    const open = (capture) => {
      const input = h("input", { type: "file", accept: "image/*,.heic,.heif,.avif,.jp2,.j2k,.jxl,.dng,.cr2,.cr3,.nef,.arw,.raf,.orf,.rw2", capture });
      input.addEventListener("change", () => input.files.length && this.takeFiles([...input.files]));
      input.click();
    };
    const field = h("input", {
      type: "url",
      id: "link",
      required: true,
      placeholder: "https://…",
      value: this.question?.url ?? "",
    });
    const submit = (event) => {
      event.preventDefault();
      this.takeUrl(field.value.trim());
    };
    const count = api.server.pictures;
    return h(
      "section",
      { class: whole ? "ask whole" : "ask" },
      whole && h("h1", {}, t("ask.heading")),
      h(
        "div",
        { class: "drop" },
        h("p", {}, t(matchMedia("(pointer: coarse)").matches ? "ask.hintTouch" : "ask.hint")),
        h(
          "p",
          { class: "row" },
          button(t("ask.choose"), () => open(null), { class: "primary" }),
          button(t("ask.photograph"), () => open("environment"), { class: "camera" }),
        ),
        h(
          "form",
          { class: "link", on: { submit } },
          h("label", { for: "link" }, t("ask.link")),
          field,
          h("button", { type: "submit" }, t("ask.search")),
        ),
        count !== 0 && tagFilter(this.tags, (tags) => this.keepTo(tags)),
      ),
      whole &&
        h("p", { class: "fine" }, count === null ? "" : `${t("ask.library", { count })} · `, t("ask.private")),
    );
  }

  /** What was asked lately; it comes once all else is there. */
  recent() {
    const place = h("div", {});
    import("./recent.js").then(({ recent }) => place.replaceWith(recent(this.page)));
    return place;
  }

  /** Other tags: what was asked is asked again among them. */
  keepTo(tags) {
    if (this.question) this.askAgain({ tags });
    else this.page.go(addressOf({ tags }));
  }

  /** An empty library offers samples; a library that has them offers copies to ask with. */
  samples() {
    const { offered, present, queries } = api.server.samples;
    if (offered) {
      return h(
        "section",
        { class: "samples" },
        h("h2", {}, t("samples.heading")),
        h("p", {}, t("samples.text")),
        h("p", { class: "row" }, button(t("samples.add"), (event) => this.addSamples(event.currentTarget))),
      );
    }
    if (!present) return null;
    const tile = (name) => {
      const image = h("img", { alt: "", loading: "lazy" });
      api.show(image, `/v1/samples/${name}`);
      return h(
        "button",
        { type: "button", class: "tile", on: { click: () => this.askSample(name) } },
        image,
        h("span", {}, t(`samples.${name}`)),
      );
    };
    return h(
      "section",
      { class: "samples" },
      h("h2", {}, t("samples.try")),
      h("div", { class: "tiles" }, queries.map(tile)),
      (api.server.samples.removable || api.isAdmin()) &&
        h(
          "p",
          { class: "row" },
          button(t("samples.remove"), (event) => this.removeSamples(event.currentTarget), { class: "quiet" }),
        ),
    );
  }

  async addSamples(pressed) {
    if (pressed.disabled) return;
    pressed.disabled = true;
    pressed.textContent = t("samples.adding");
    try {
      await api.ask("/v1/samples", { method: "POST" });
      await this.page.refresh();
      say(t("samples.added"));
    } catch (error) {
      say(api.sentence(error));
    }
    this.render();
  }

  async removeSamples(pressed) {
    if (pressed.disabled) return;
    pressed.disabled = true;
    try {
      const { operation_id: operation } = await api.ask("/v1/samples", { method: "DELETE" });
      await this.page.refresh();
      const back = async () => {
        await this.page.refresh();
        this.render();
      };
      say(t("samples.removed"), api.isAdmin() && { label: t("app.undo"), run: () => undo(operation, back) });
    } catch (error) {
      say(api.sentence(error));
    }
    this.render();
  }

  async askSample(name) {
    try {
      const blob = await api.askBlob(`/v1/samples/${name}`);
      this.takeFiles([new File([blob], `${name}.jpg`, { type: "image/jpeg" })]);
    } catch (error) {
      say(api.sentence(error));
    }
  }

  problem() {
    const needsKey = ["key_required", "wrong_key", "admin_only"].includes(this.failure.code);
    return h(
      "section",
      { id: "answer", tabindex: "-1", class: "failure", role: "alert" },
      h("h1", {}, t("error.heading")),
      h("p", {}, api.sentence(this.failure)),
      h(
        "p",
        { class: "row" },
        needsKey
          ? button(t("nav.signIn"), this.page.openKeys, { class: "primary" })
          : PASSING.includes(this.failure.code) &&
              button(t("app.retry"), () => this.ask(this.question)),
      ),
    );
  }
}

/** From the top, and from the left where they lie beside each other. */
function inReadingOrder(pieces) {
  const isBeside = (one, other) => Math.abs(one.y + one.height / 2 - other.y - other.height / 2) < Math.min(one.height, other.height) / 2;
  return pieces.toSorted((one, other) => (isBeside(one, other) ? one.x - other.x : one.y - other.y));
}
