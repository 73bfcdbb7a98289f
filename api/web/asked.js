// The picture that was asked with: shown at once, with the part of it, the tags, and where a match lies in it.
import * as api from "./api.js";
import { PartChooser } from "./part-chooser.js";
import { addressOf } from "./question.js";
import { button, h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { framed } from "./shared/match.js";
import { tagFilter } from "./tag-filter.js";
import { say } from "./toast.js";

export class Asked {
  constructor(search, page) {
    this.search = search;
    const { question, answer } = search;
    this.framed = this.picture();
    this.caption = h("p", { class: "fine caption" });
    this.parts = new PartChooser(this.framed.picture, {
      asked: question.region ?? null,
      offered: search.pieces,
      ask: (region) => search.askAgain({ region }),
    });
    if (!answer) this.parts.layer.inert = true;
    const copy = async () => {
      await navigator.clipboard.writeText(location.href);
      say(t("result.copied"));
    };
    const repeats = question.url !== undefined || question.like !== undefined;
    this.element = h(
      "aside",
      { class: "query", "aria-labelledby": "query-heading" },
      h("h2", { id: "query-heading" }, t("result.query")),
      this.framed.element,
      this.caption,
      answer && this.parts.element,
      tagFilter(question.tags ?? [], (tags) => search.keepTo(tags)),
      answer && this.measures(answer),
      answer?.page && h("p", { class: "fine" }, t("result.fromPage")),
      h(
        "p",
        { class: "row" },
        button(t("ask.again"), () => page.go(addressOf({ tags: question.tags }))),
        repeats && navigator.clipboard && button(t("result.copyLink"), copy, { class: "quiet" }),
      ),
    );
  }

  /** What the browser cannot read itself is seen once the server has: until then its name or address stands there. */
  picture() {
    const { question, answer } = this.search;
    const known = framed(answer?.query.preview ?? this.search.preview ?? this.search.picture);
    const image = known.picture.querySelector("img");
    const name = () => known.picture.replaceWith(h("p", { class: "name" }, question.file?.name ?? question.url ?? ""));
    if (image.hasAttribute("src")) image.addEventListener("error", name, { once: true });
    else if (question.like !== undefined) api.show(image, `/v1/images/${question.like}/thumbnail`);
    else name();
    return known;
  }

  measures({ query, timings_ms: timings }) {
    const size = t("result.size", { width: query.width, height: query.height });
    return h("p", { class: "fine" }, `${size} · `, t("result.took", { ms: Math.round(timings.total) }));
  }

  /** Draw where a match lies in the picture, and say so. */
  outline(match, said) {
    this.framed.outline(match);
    this.caption.textContent = said;
  }
}
