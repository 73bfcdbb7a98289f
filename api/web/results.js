// An answer: the picture that was asked with, and beside it the matches in three lanes.
import { addThis } from "./add-this.js";
import * as api from "./api.js";
import { Asked } from "./asked.js";
import { downloadLink } from "./download.js";
import { fileSize } from "./i18n.js";
import { innerLink } from "./links.js";
import { SHOWN, why } from "./question.js";
import { button, h } from "./shared/dom.js";
import { date, number, percent, t } from "./shared/i18n.js";
import { answerSection, card, honest, nameOf, showWhy } from "./shared/match.js";

const WHOLE = 1.1; // area of an outline, in queries, below which it is that of the query itself

export class Results {
  constructor(search, page) {
    this.search = search;
    this.page = page;
    this.answer = search.answer;
    this.question = search.question;
    this.asked = new Asked(search, page);
    const { matches, library_size: size } = this.answer;
    const section = answerSection(this.answer, {
      cardOf: (match, place) => this.card(match, place),
      others: this.question.like === undefined ? size : size - 1,
      more: this.answer.more,
      showWeak: this.answer.weak ? null : () => search.ask(this.question, { weak: true }),
    });
    section.append(...[this.more(), this.adding(), !this.answer.calibrated && h("p", { class: "fine" }, t("result.uncalibrated"))].filter(Boolean));
    this.element = h("div", { class: "results" }, this.asked.element, section);
    this.outline(matches[0]);
  }

  /** As many more as the server gives; as long as it looks, the button waits. */
  more() {
    const { matches, more, weak } = this.answer;
    if (more || matches.length < SHOWN) return null;
    const isBusy = this.search.cancel !== null;
    const ask = () => this.search.ask(this.question, { weak, more: true });
    return h("p", { class: "row" }, button(t("library.more"), ask, { id: "more", disabled: isBusy, class: isBusy ? "busy" : null }));
  }

  /** Where nothing is like it, an admin may add the very picture. */
  adding() {
    const isThere = this.question.like !== undefined || this.answer.matches.some(({ weak }) => !weak);
    return api.isAdmin() && !isThere ? addThis(this.question, this.page) : null;
  }

  /** Draw where a match lies in the query, and say so. */
  outline(match) {
    if (!match?.evidence.outline || (match.lane !== "variant" && isWhole(match.evidence.outline))) return;
    this.asked.outline(match, t(`result.${relationOf(match)}`, { name: nameOf(match) }));
  }

  card(match, place) {
    const { calibrated } = this.answer;
    const image = h("img", { alt: "", width: 160, height: 120, loading: "lazy" });
    api.show(image, match.links.thumbnail);
    const label = `${t("match.open")}: ${nameOf(match)}`;
    const compare = button(t("match.compare"), () => this.search.compareWith(match.id), { "aria-label": `${t("match.compare")}: ${nameOf(match)}` });
    return card(match, {
      place,
      calibrated,
      picture: innerLink(this.page, `/?image=${match.id}`, { "aria-label": label, class: "to-page" }, image),
      point: () => this.outline(match),
      why: () =>
        showWhy(match, { calibrated, picture: () => why(this.question, match.id), limits: api.server?.limits }),
      acts: [compare, button(t("match.like"), () => this.page.go(`/?like=${match.id}`), { class: "quiet" }), downloadLink(match)],
      notes: [h("p", { class: "fine" }, measures(match)), this.tags(match)],
      details: h("details", {}, h("summary", {}, t("match.evidence")), evidence(match, calibrated)),
    });
  }

  /** Each tag leads to the pictures that have it; that one is a sample is told in words. */
  tags({ tags }) {
    const tag = (name) => {
      if (name === "sample") return h("li", { class: "badge" }, t("samples.badge"));
      return h("li", {}, innerLink(this.page, `/?view=library&tag=${encodeURIComponent(name)}`, { class: "tag" }, name));
    };
    return tags.length > 0 && h("ul", { class: "tags", "aria-label": t("image.tagsShort") }, tags.map(tag));
  }
}

/** Its size in pixels and bytes, and since when it is here; older servers say less. */
export function measures({ width, height, byte_size: bytes, created_at: at }) {
  const size = [t("result.size", { width, height }), bytes && fileSize(bytes)].filter(Boolean).join(", ");
  return at ? `${size} · ${t("image.addedOn", { date: date(at) })}` : size;
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
 * Whether a picture and the query show the same, neither a part of the other, so that there is nothing to point at.
 * @param {[number, number][]} outline
 */
function isWhole(outline) {
  const twice = outline.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = outline[(index + 1) % outline.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return isAround(outline) && Math.abs(twice) / 2 < WHOLE;
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
