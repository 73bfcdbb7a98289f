// How a match is shown: in its lane, with its grade and score, what was done to it, and why it matches.
import { openDialog } from "./dialog.js";
import { button, h, link, svg } from "./dom.js";
import { has, list, number, percent, t } from "./i18n.js";
import { sentence } from "./problem.js";

/**
 * What the server says of a match; older servers give no `grade` and no `differs`.
 * @typedef {object} Match
 * @property {number} id
 * @property {"same" | "variant" | "alike"} lane
 * @property {string} [grade]
 * @property {number} score
 * @property {number} p_same
 * @property {boolean} weak
 * @property {string} name
 * @property {string | null} title
 * @property {string[]} tags
 * @property {string | null} page_url
 * @property {string | null} source_url
 * @property {Record<string, string>} links
 * @property {{ exact: boolean, keypoints: number, edits: string[], outline: [number, number][] | null, ssim: number | null,
 *   cosine: number | null, phash_distance: number | null, differs?: Region[] }} evidence
 */

/**
 * A part of the query, as shares of its width and height.
 * @typedef {{ x: number, y: number, width: number, height: number }} Region
 */

/** @param {{ title?: string | null, name: string }} picture */
export function nameOf({ title, name }) {
  return title || name;
}

/**
 * A probability as it may be shown: the server rounds, but only the very same bytes are certain.
 * @param {number} probability
 * @param {{ exact: boolean }} evidence
 */
export function honest(probability, { exact }) {
  return exact ? 1 : Math.min(probability, 0.999);
}

/**
 * The picture that was asked with: its element, `picture` with the <img> alone, and `outline(match)`, which draws where a
 * match lies in it, and where both show different things. `preview` may still be missing.
 * @param {string | null} preview
 */
export function framed(preview) {
  const overlay = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  /** @param {Match | undefined} match */
  const outline = (match) => {
    const points = match?.evidence.outline?.map(([x, y]) => `${x},${y}`).join(" ");
    const differs = match?.evidence.differs ?? [];
    overlay.replaceChildren(
      ...(points ? [svg("polygon", { points, class: "under" }), svg("polygon", { points })] : []),
      ...differs.flatMap((region) => [svg("rect", { ...region, class: "under" }), svg("rect", { ...region })]),
    );
    legend.hidden = differs.length === 0;
  };
  const legend = h("div", { class: "legend", hidden: true }, h("span", { class: "key" }), t("result.differs"));
  const picture = h("div", { class: "framed" }, h("img", { src: preview, alt: t("result.queryAlt") }), overlay);
  return { element: h("div", { class: "asked" }, picture, legend), picture, outline };
}

/**
 * What there is to know of a picture that was taken all the same, in the reader's language, or else in the server's words;
 * older servers say nothing of it, and of older pictures it is not known.
 * @param {{ warnings?: { code: string, message: string }[] | null }} answer
 */
export function warningsOf({ warnings }, look = "warning") {
  return (warnings ?? []).map(({ code, message }) => h("p", { class: look }, has(`warning.${code}`) ? t(`warning.${code}`) : message));
}

/**
 * The matches lane by lane, or that nothing is like the picture. `cardOf(match, place)` makes each card; `others` is how many
 * pictures could have been found; `showWeak()` asks for the nearest, and is left out where they were asked for; `more`
 * says that more were asked for, so that the weak ones are shown too.
 * @param {{ matches: Match[], warnings?: { code: string, message: string }[] }} answer
 * @param {{ cardOf: (match: Match, place: number) => HTMLElement, others: number, showWeak?: (() => void) | null, more?: boolean }} means
 */
export function answerSection({ matches, warnings }, { cardOf, others, showWeak, more = false }) {
  const strong = matches.filter((match) => !match.weak).length;
  return h(
    "section",
    { id: "answer", tabindex: "-1", class: "answer", "aria-labelledby": "answer-heading" },
    warningsOf({ warnings }),
    strong ? lanes(matches, cardOf, strong, more) : nothing(matches, cardOf, others, showWeak),
  );
}

function lanes(matches, cardOf, strong, more) {
  const cardsOf = (isIn) => matches.map((match, index) => isIn(match) && cardOf(match, index + 1)).filter(Boolean);
  const section = (heading, isIn, help) => {
    const cards = cardsOf(isIn);
    return cards.length > 0 && [h("h2", { title: help }, heading), h("ol", { class: "cards" }, cards)];
  };
  return [
    h("h1", { id: "answer-heading", class: "unseen" }, t("result.found", { count: strong })),
    section(t("result.same"), ({ lane }) => lane === "same", t("score.help.same")),
    section(t("result.variant"), ({ lane }) => lane === "variant", t("score.help.variant")),
    section(t("result.alike"), ({ lane, weak }) => lane === "alike" && !weak, t("score.help.alike")),
    nearest(cardsOf(({ lane, weak }) => lane === "alike" && weak), matches.some(({ lane }) => lane !== "alike"), more),
  ];
}

/** The weak ones: behind a button where something more certain was found. */
function nearest(cards, hasCertain, isOpen) {
  if (!cards.length) return null;
  const shown = h("ol", { class: "cards compact" }, cards);
  if (!hasCertain) return [h("h2", {}, t("result.weak")), shown];
  return h("details", { class: "others", open: isOpen || null }, h("summary", {}, h("h2", {}, `${t("result.weak")} (${number(cards.length)})`)), shown);
}

function nothing(matches, cardOf, count, showWeak) {
  return [
    h("h1", { id: "answer-heading" }, t("result.nothing")),
    h("p", {}, count ? t("result.nothingText", { count }) : t("result.empty")),
    matches.length
      ? [
          h("h2", {}, t("result.weak")),
          h("p", { class: "fine" }, t("result.weakText")),
          h("ol", { class: "cards compact" }, matches.map((match, index) => cardOf(match, index + 1))),
        ]
      : count > 0 && showWeak && h("p", { class: "row" }, button(t("result.showWeak"), showWeak, { id: "show-weak" })),
  ];
}

/**
 * One match. `picture` shows its thumbnail, `point()` is called when somebody points at it, `acts` are buttons and links
 * beside "Why?" and the source, `notes` and `details` come before and after them.
 * @param {Match} match
 * @param {{ place: number, calibrated: boolean, picture: Node, why: () => void, point: () => void,
 *   acts?: import("./dom.js").Child, notes?: import("./dom.js").Child, details?: import("./dom.js").Child }} means
 */
export function card(match, { place, calibrated, picture, why, point, acts, notes, details }) {
  const name = nameOf(match);
  return h(
    "li",
    { class: match.weak ? "card weak" : `card ${match.lane}`, on: { pointerenter: point, focusin: point } },
    picture,
    h(
      "div",
      { class: "about" },
      h("h3", {}, h("span", { class: "unseen" }, `${t("match.place", { place })}: `), name),
      score(match, calibrated),
      match.lane === "same" && edits(match),
      notes,
      h(
        "p",
        { class: "row small" },
        button(t("match.why"), why, { "aria-label": `${t("match.why")} ${name}` }),
        acts,
        sourceOf(match),
      ),
      details,
    ),
  );
}

/**
 * Where a picture is from; nothing where nobody said so.
 * @param {{ page_url: string | null, source_url: string | null }} picture
 */
export function sourceOf({ page_url: page, source_url: source }) {
  return link(page, t("match.source")) ?? link(source, t("match.source"));
}

/**
 * The grade in words, and the probability where it is known.
 * @param {Match} match
 * @param {boolean} calibrated
 */
export function score(match, calibrated) {
  const grade = match.grade ?? (match.lane === "same" ? "probably_same" : match.lane);
  const shown = calibrated && !match.evidence.exact ? ` ${percent(honest(match.score, match.evidence))}` : "";
  const bar = svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { width: 100, height: 4, class: "ground" }), svg("rect", { width: 100 * match.score, height: 4 }));
  return h(
    "div",
    { class: `score ${match.weak ? "weak" : match.lane}`, title: t(`score.help.${match.lane}`) },
    h("p", {}, h("strong", {}, t(`score.${grade}`)), shown),
    calibrated && bar,
  );
}

/**
 * What was done to a picture.
 * @param {Match} match
 */
export function edits({ evidence }) {
  return evidence.edits.length > 0 && h("ul", { class: "edits" }, evidence.edits.map((edit) => h("li", {}, t(`edit.${edit}`))));
}

/**
 * Why two pictures match, in sentences.
 * @param {Match} match
 */
export function reasons({ lane, evidence }) {
  if (evidence.exact) return [t("why.exact"), t("edit.none")];
  if (lane === "alike") return [t("why.alike")];
  const differs = evidence.differs?.length ? [t("why.differs", { count: evidence.differs.length })] : [];
  const points = evidence.keypoints ? [t("why.points", { count: evidence.keypoints })] : [];
  if (lane === "variant") return [t("why.variant"), ...points, ...differs];
  const words = evidence.edits.map((edit) => t(`edit.${edit}`));
  const edited = words.length ? [t("edit.list", { edits: list(words) })] : [];
  return [...(points.length ? points : [t("why.whole")]), ...edited, ...differs];
}

/**
 * A dialog with the picture that shows why, which `picture()` fetches. `limits` are the server's.
 * @param {Match} match
 * @param {{ calibrated: boolean, picture: () => Promise<Blob>, limits?: object }} means
 */
export async function showWhy(match, { calibrated, picture, limits }) {
  const wait = h("p", { role: "status" }, h("span", { class: "spinner" }), t("match.whyWait"));
  const dialog = openDialog({ heading: t("match.whyOf", { name: nameOf(match) }), wide: true }, wait);
  try {
    const url = URL.createObjectURL(await picture());
    dialog.addEventListener("close", () => URL.revokeObjectURL(url));
    wait.replaceWith(
      h("img", { class: "why", src: url, alt: t("match.whyAlt") }),
      score(match, calibrated),
      ...reasons(match).map((reason) => h("p", {}, reason)),
      h("p", {}, h("a", { href: url, target: "_blank" }, t("why.enlarge"))),
    );
  } catch (error) {
    wait.replaceWith(h("p", { class: "problem", role: "alert" }, sentence(error, limits)));
  }
}
