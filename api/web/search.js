// The view that asks and answers.
import * as api from "./api.js";
import { isEmpty, ownPictures } from "./own-pictures.js";
import { matches } from "./question.js";
import { Results } from "./results.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

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
    this.question = null; // { file } or { url } or { like }
    this.answer = null;
    this.failure = null;
    this.cancel = null;
  }

  /** `kept` is the question of a history entry that an address cannot hold: a file. */
  enter(wanted, kept) {
    const url = wanted.get("url");
    const like = wanted.get("like");
    if (url) this.ask({ url });
    else if (/^\d+$/.test(like ?? "")) this.ask({ like: Number(like) });
    else if (kept) this.ask(kept);
    else this.clear();
  }

  leave() {
    this.cancel?.abort();
    this.question = null;
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

  clear() {
    this.cancel?.abort();
    this.question = this.answer = this.failure = null;
    this.render();
  }

  /** Ask anew; an earlier question that is still under way is given up. */
  async ask(question, { weak = false } = {}) {
    this.cancel?.abort();
    const cancel = new AbortController();
    this.cancel = cancel;
    this.question = question;
    this.failure = null;
    if (!weak) this.answer = null;
    this.render();
    try {
      const answer = await matches(question, weak, cancel.signal);
      if (cancel.signal.aborted) return;
      this.answer = { ...answer, weak };
    } catch (error) {
      if (error.name === "AbortError") return;
      this.failure = error;
    }
    this.render();
    document.getElementById("answer")?.focus({ preventScroll: true });
  }

  render() {
    const parts = [];
    if (!this.question) {
      const adding = [ownPictures(this.page), this.samples()];
      parts.push(...(isEmpty() ? [...adding, this.askForm(true)] : [this.askForm(true), ...adding]));
    } else if (this.failure) {
      parts.push(this.askForm(false), this.problem());
    } else if (!this.answer) {
      parts.push(h("p", { class: "waiting", role: "status" }, h("span", { class: "spinner" }), t("ask.searching")));
    } else {
      parts.push(new Results(this, this.page).element);
    }
    this.element.setAttribute("aria-busy", String(Boolean(this.question && !this.answer && !this.failure)));
    refill(this.element, parts);
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
      ),
      whole &&
        h("p", { class: "fine" }, count === null ? "" : `${t("ask.library", { count })} · `, t("ask.private")),
    );
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
        h("p", { class: "row" }, button(t("samples.add"), (event) => this.addSamples(event.currentTarget), { class: "primary" })),
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
