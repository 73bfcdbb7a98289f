// An answer: the query with its outline, and the matches in two lanes.
import * as api from "./api.js";
import { h, openDialog, svg, webLink } from "./dom.js";
import { list, number, percent, t } from "./i18n.js";
import { why } from "./question.js";
import { say } from "./toast.js";

export class Results {
  constructor(search, page) {
    this.search = search;
    this.page = page;
    this.answer = search.answer;
    this.question = search.question;
    const { matches } = this.answer;
    const found = matches.filter((match) => !match.weak);
    this.element = h(
      "div",
      { class: "results" },
      this.query(),
      h(
        "section",
        { id: "answer", tabindex: "-1", class: "answer", "aria-labelledby": "answer-heading" },
        matches.length && found.length ? this.lanes() : this.nothing(),
        !this.answer.calibrated && h("p", { class: "fine" }, t("result.uncalibrated")),
      ),
    );
    this.outline(matches[0]);
  }

  query() {
    const { query, timings_ms: timings, matches } = this.answer;
    this.overlay = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
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
      h(
        "div",
        { class: "framed" },
        h("img", { src: query.preview, alt: t("result.queryAlt") }),
        this.overlay,
      ),
      this.caption,
      h(
        "p",
        { class: "fine" },
        `${t("result.size", { width: query.width, height: query.height })} · `,
        t("result.took", { ms: Math.round(timings.total) }),
      ),
      h(
        "p",
        { class: "row" },
        h("button", { type: "button", on: { click: () => this.page.go("/") } }, t("ask.again")),
        repeats &&
          navigator.clipboard &&
          h("button", { type: "button", class: "quiet", on: { click: copy } }, t("result.copyLink")),
      ),
    );
  }

  /** Draw where a match lies in the query. */
  outline(match) {
    if (!match?.evidence.outline) return;
    const points = match.evidence.outline.map(([x, y]) => `${x},${y}`).join(" ");
    this.overlay.replaceChildren(svg("polygon", { points, class: "under" }), svg("polygon", { points }));
    const name = nameOf(match);
    this.caption.textContent = isAround(match.evidence.outline) ? t("result.partOf", { name }) : t("result.outlineOf", { name });
  }

  lanes() {
    const { matches } = this.answer;
    const of = (test) => matches.filter(test);
    const section = (heading, found, help) =>
      found.length > 0 && [
        h("h2", { title: help }, heading),
        h("ol", { class: help ? "cards" : "cards compact" }, found.map((match) => this.card(match, matches.indexOf(match) + 1))),
      ];
    const strong = of((match) => !match.weak).length;
    return [
      h("h1", { id: "answer-heading", class: "unseen" }, t("result.found", { count: strong })),
      section(t("result.same"), of((match) => match.lane === "same"), t("score.help.same")),
      section(t("result.alike"), of((match) => match.lane === "alike" && !match.weak), t("score.help.alike")),
      section(t("result.weak"), of((match) => match.lane === "alike" && match.weak)),
    ];
  }

  nothing() {
    const { matches, library_size: size } = this.answer;
    const count = this.question.like === undefined ? size : size - 1;
    const empty = count === 0;
    return [
      h("h1", { id: "answer-heading" }, t("result.nothing")),
      h("p", {}, empty ? t("result.empty") : t("result.nothingText", { count })),
      matches.length
        ? [
            h("h2", {}, t("result.weak")),
            h("p", { class: "fine" }, t("result.weakText")),
            h("ol", { class: "cards compact" }, matches.map((match, index) => this.card(match, index + 1))),
          ]
        : !empty &&
          !this.answer.weak &&
          h(
            "p",
            { class: "row" },
            h(
              "button",
              { type: "button", on: { click: () => this.search.ask(this.question, { weak: true }) } },
              t("result.showWeak"),
            ),
          ),
    ];
  }

  card(match, place) {
    const name = nameOf(match);
    const image = h("img", { alt: "", width: 160, height: 120, loading: "lazy" });
    api.show(image, match.links.thumbnail);
    const source = webLink(match.page_url) ?? webLink(match.source_url);
    const focus = () => this.outline(match);
    return h(
      "li",
      {
        class: match.weak ? "card weak" : `card ${match.lane}`,
        on: { pointerenter: focus, focusin: focus },
      },
      h("a", { href: match.links.file, class: "thumb", "aria-label": `${t("match.open")}: ${name}`, on: api.opening(match.links.file) }, image),
      h(
        "div",
        { class: "about" },
        h("h3", {}, h("span", { class: "unseen" }, `${t("match.place", { place })}: `), name),
        score(match, this.answer.calibrated),
        match.lane === "same" && edits(match),
        match.tags.includes("sample") && h("p", { class: "badge" }, t("samples.badge")),
        h(
          "p",
          { class: "row small" },
          h("button", { type: "button", on: { click: () => this.why(match) } }, t("match.why")),
          h(
            "button",
            { type: "button", class: "quiet", on: { click: () => this.page.go(`/?like=${match.id}`) } },
            t("match.like"),
          ),
          source && h("a", { href: source, rel: "noreferrer noopener", target: "_blank" }, t("match.source")),
        ),
        h("details", {}, h("summary", {}, t("match.evidence")), evidence(match, this.answer.calibrated)),
      ),
    );
  }

  async why(match) {
    const wait = h("p", { role: "status" }, h("span", { class: "spinner" }), t("match.whyWait"));
    const dialog = openDialog(
      { heading: t("match.whyOf", { name: nameOf(match) }), closeLabel: t("app.close"), wide: true },
      wait,
    );
    try {
      const url = await why(this.question, match.id);
      const image = h("img", { class: "why", src: url, alt: t("match.whyAlt") });
      wait.replaceWith(
        image,
        score(match, this.answer.calibrated),
        ...reasons(match).map((reason) => h("p", {}, reason)),
        h("p", {}, h("a", { href: url, target: "_blank" }, t("why.enlarge"))),
      );
      dialog.addEventListener("close", () => URL.revokeObjectURL(url));
    } catch (error) {
      wait.replaceWith(h("p", { class: "problem", role: "alert" }, api.sentence(error)));
    }
  }
}

/** Whether an outline lies around the whole query, so that none of it is to be seen. */
function isAround(outline) {
  const side = ([ax, ay], [bx, by], [x, y]) => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  const edges = outline.map((corner, index) => [corner, outline[(index + 1) % outline.length]]);
  const corners = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]];
  return corners.every((corner) => Math.abs(edges.reduce((sum, edge) => sum + side(...edge, corner), 0)) === 4);
}

function nameOf(match) {
  return match.title || match.name;
}

function score(match, calibrated) {
  const words = t(`score.${match.grade}`);
  // The server rounds; only the very same bytes are certain.
  const shown = calibrated && !match.evidence.exact ? percent(Math.min(match.score, 0.999)) : "";
  const bar = svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { width: 100, height: 4, class: "ground" }));
  bar.append(svg("rect", { width: 100 * match.score, height: 4 }));
  return h(
    "div",
    { class: "score", title: t(match.lane === "same" ? "score.help.same" : "score.help.alike") },
    h("p", {}, h("strong", {}, words), shown && ` ${shown}`),
    calibrated && bar,
  );
}

function edits(match) {
  return (
    match.evidence.edits.length > 0 &&
    h("ul", { class: "edits" }, match.evidence.edits.map((edit) => h("li", {}, t(`edit.${edit}`))))
  );
}

/** Why two pictures match, in sentences. */
function reasons({ lane, evidence: found }) {
  if (found.exact) return [t("why.exact"), t("edit.none")];
  if (lane !== "same") return [t("why.alike")];
  const agree = found.keypoints ? t("why.points", { count: found.keypoints }) : t("why.whole");
  const words = found.edits.map((edit) => t(`edit.${edit}`));
  return words.length ? [agree, t("edit.list", { edits: list(words) })] : [agree];
}

function evidence({ evidence: found, p_same: pSame }, calibrated) {
  const probability = percent(found.exact ? 1 : Math.min(pSame, 0.999));
  const cut = (value) => (value === null ? "–" : number(Math.floor(100 * value) / 100));
  const rows = [
    [t("evidence.keypoints"), number(found.keypoints)],
    [t("evidence.ssim"), cut(found.ssim)],
    [t("evidence.cosine"), cut(found.cosine)],
    [t("evidence.phash"), cut(found.phash_distance)],
  ];
  if (calibrated) rows.unshift([t("evidence.pSame"), probability]);
  return h("dl", { class: "numbers" }, rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}
