// An answer: the query with its outline, and the matches in three lanes.
import * as api from "./api.js";
import { why } from "./question.js";
import { button, h } from "./shared/dom.js";
import { number, percent, t } from "./shared/i18n.js";
import { answerSection, card, framed, honest, nameOf, showWhy } from "./shared/match.js";
import { say } from "./toast.js";

export class Results {
  constructor(search, page) {
    this.search = search;
    this.page = page;
    this.answer = search.answer;
    this.question = search.question;
    const { matches, library_size: size } = this.answer;
    const section = answerSection(this.answer, {
      cardOf: (match, place) => this.card(match, place),
      others: this.question.like === undefined ? size : size - 1,
      showWeak: this.answer.weak ? null : () => this.search.ask(this.question, { weak: true }),
    });
    if (!this.answer.calibrated) section.append(h("p", { class: "fine" }, t("result.uncalibrated")));
    this.element = h("div", { class: "results" }, this.query(), section);
    this.outline(matches[0]);
  }

  query() {
    const { query, timings_ms: timings } = this.answer;
    this.framed = framed(query.preview);
    this.caption = h("p", { class: "fine" });
    const copy = async () => {
      await navigator.clipboard.writeText(location.href);
      say(t("result.copied"));
    };
    const repeats = this.question.url !== undefined || this.question.like !== undefined;
    return h(
      "aside",
      { class: "query", "aria-labelledby": "query-heading" },
      h("h2", { id: "query-heading" }, t("result.query")),
      this.framed.element,
      this.caption,
      h(
        "p",
        { class: "fine" },
        `${t("result.size", { width: query.width, height: query.height })} · `,
        t("result.took", { ms: Math.round(timings.total) }),
      ),
      this.answer.page && h("p", { class: "fine" }, t("result.fromPage")),
      h(
        "p",
        { class: "row" },
        button(t("ask.again"), () => this.page.go("/")),
        repeats && navigator.clipboard && button(t("result.copyLink"), copy, { class: "quiet" }),
      ),
    );
  }

  /** Draw where a match lies in the query, and say so. */
  outline(match) {
    if (!match?.evidence.outline) return;
    this.framed.outline(match);
    const name = nameOf(match);
    this.caption.textContent = t(`result.${relationOf(match)}`, { name });
  }

  card(match, place) {
    const { calibrated } = this.answer;
    const image = h("img", { alt: "", width: 160, height: 120, loading: "lazy" });
    api.show(image, match.links.thumbnail);
    const { file } = match.links;
    const label = `${t("match.open")}: ${nameOf(match)}`;
    return card(match, {
      place,
      calibrated,
      picture: h("a", { href: file, "aria-label": label, on: api.opening(file) }, image),
      point: () => this.outline(match),
      why: () =>
        showWhy(match, { calibrated, picture: () => why(this.question, match.id), limits: api.server?.limits }),
      acts: button(t("match.like"), () => this.page.go(`/?like=${match.id}`), { class: "quiet" }),
      notes: match.tags.includes("sample") && h("p", { class: "badge" }, t("samples.badge")),
      details: h("details", {}, h("summary", {}, t("match.evidence")), evidence(match, calibrated)),
    });
  }
}

/**
 * What the query is to a match, by the key of its text.
 * @param {import("./shared/match.js").Match} match
 */
function relationOf({ lane, evidence: { outline } }) {
  if (lane === "variant") return "variantOf";
  return isAround(outline) ? "partOf" : "outlineOf";
}

/**
 * Whether an outline lies around the whole query, so that none of it is to be seen.
 * @param {[number, number][]} outline
 */
function isAround(outline) {
  const side = ([ax, ay], [bx, by], [x, y]) => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  const edges = outline.map((corner, index) => [corner, outline[(index + 1) % outline.length]]);
  /** @type {[number, number][]} */
  const corners = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]];
  return corners.every((corner) => Math.abs(edges.reduce((sum, [from, to]) => sum + side(from, to, corner), 0)) === 4);
}

/** The numbers behind a match. */
function evidence({ evidence: found, p_same: pSame }, calibrated) {
  const cut = (value) => (value === null ? "–" : number(Math.floor(100 * value) / 100));
  const rows = [
    [t("evidence.keypoints"), number(found.keypoints)],
    [t("evidence.ssim"), cut(found.ssim)],
    [t("evidence.cosine"), cut(found.cosine)],
    [t("evidence.phash"), cut(found.phash_distance)],
  ];
  if (calibrated) rows.unshift([t("evidence.pSame"), percent(honest(pSame, found))]);
  return h("dl", { class: "numbers" }, rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}
