// An answer of the server's: the picture that was asked with, and the matches in two lanes.
import { list, percent, t } from "../messages.js";
import { button, h, link, svg } from "../ui/dom.js";
import { reasonOf, sentenceOf } from "../ui/sentences.js";

/**
 * `outcome`: way, answer, tried, host, shrunk. `means`: server, showWeak(), why(match), allow(host), and add() where the
 * user may add.
 */
export function answerView(outcome, means) {
  const { answer } = outcome;
  const overlay = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const outline = (match) => {
    const points = match?.evidence.outline?.map(([x, y]) => `${x},${y}`).join(" ");
    overlay.replaceChildren(...(points ? [svg("polygon", { points, class: "under" }), svg("polygon", { points })] : []));
  };
  outline(answer.matches[0]);
  const found = answer.matches.filter((match) => !match.weak);
  return [
    h("div", { class: "framed" }, h("img", { src: answer.query.preview, alt: t("result_query") }), overlay),
    wayOf(outcome, means),
    h("section", { id: "answer", tabindex: "-1" }, found.length ? lanes(answer, means, outline) : nothing(answer, means, outline)),
    !answer.calibrated && h("p", { class: "fine" }, t("result_uncalibrated")),
    means.add && h("p", { class: "row" }, button(t("add_this"), means.add)),
  ];
}

/** How the picture got to the server, and by which way it could do better. */
function wayOf({ way, tried, host, shrunk }, { allow }) {
  return h(
    "div",
    {},
    h("p", { class: "fine", id: "way" }, t(`way_${way}`), shrunk && ` ${t("way_shrunk")}`),
    tried.length > 0 &&
      h("details", {}, h("summary", {}, t("way_why")), h("ul", { class: "fine" }, tried.map((one) => h("li", {}, reasonOf(one))))),
    host && h("p", { class: "row" }, button(t("allow_host", { host: host.name }), () => allow(host), { id: "allow" })),
  );
}

function lanes(answer, means, outline) {
  const { matches } = answer;
  const section = (heading, test) => {
    const cards = matches.filter(test).map((match) => card(match, matches.indexOf(match) + 1, answer, means, outline));
    return cards.length ? [h("h2", {}, heading), h("ol", { class: "cards" }, cards)] : [];
  };
  const count = matches.filter((match) => !match.weak).length;
  return [
    h("h1", { class: "unseen" }, t("result_found", { count })),
    section(t("lane_same"), (match) => match.lane === "same"),
    section(t("lane_alike"), (match) => match.lane === "alike" && !match.weak),
    section(t("lane_weak"), (match) => match.lane === "alike" && match.weak),
  ];
}

function nothing(answer, means, outline) {
  const { matches, library_size: count } = answer;
  return [
    h("h1", {}, t("result_nothing")),
    h("p", {}, count ? t("result_nothing_text", { count }) : t("result_empty")),
    matches.length
      ? [h("h2", {}, t("lane_weak")), h("ol", { class: "cards" }, matches.map((match, index) => card(match, index + 1, answer, means, outline)))]
      : count > 0 && h("p", {}, button(t("result_show_weak"), means.showWeak, { id: "show-weak" })),
  ];
}

function card(match, place, answer, { server, why }, outline) {
  const name = match.title || match.name;
  const image = h("img", { alt: "" });
  showFile(image, server, match.links.thumbnail);
  const focus = () => outline(match);
  const source = match.page_url ?? match.source_url;
  return h(
    "li",
    { class: match.weak ? "card weak" : `card ${match.lane}`, on: { pointerenter: focus, focusin: focus } },
    image,
    h(
      "div",
      { class: "about" },
      h("h3", {}, h("span", { class: "unseen" }, `${t("result_place", { place })}: `), name),
      score(match, answer.calibrated),
      match.lane === "same" && edits(match),
      h(
        "p",
        { class: "row" },
        button(t("match_why"), () => why(match), { "aria-label": t("match_why_of", { name }) }),
        link(source, t("match_source")),
        link(server.page(match.links.page), t("match_open")),
      ),
    ),
  );
}

/** A picture of the server's: with a key it cannot be loaded by its address. */
export async function showFile(image, server, path) {
  try {
    const url = URL.createObjectURL(await server.file(path));
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  } catch {
    image.alt = "–";
  }
}

function score(match, calibrated) {
  const words = t(`score_${match.grade ?? (match.lane === "same" ? "probably_same" : "alike")}`); // kept from an older server
  // The server rounds; only the very same bytes are certain.
  const shown = calibrated && !match.evidence.exact ? percent(Math.min(match.score, 0.999)) : "";
  const bar = svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { width: 100, height: 4, class: "ground" }), svg("rect", { width: 100 * match.score, height: 4 }));
  return h("div", {}, h("p", { class: "score" }, h("strong", {}, words), shown && ` ${shown}`), calibrated && bar);
}

function edits({ evidence }) {
  return evidence.edits.length > 0 && h("ul", { class: "edits" }, evidence.edits.map((edit) => h("li", {}, t(`edit_${edit}`))));
}

/** A dialog with the picture that shows why, fetched by `picture()`. */
export async function showWhy(match, picture) {
  const name = match.title || match.name;
  const close = button("×", () => dialog.close(), { class: "quiet", "aria-label": t("close") });
  const wait = h("p", { role: "status" }, h("span", { class: "spinner" }), t("why_wait"));
  const dialog = h("dialog", { "aria-labelledby": "why" }, h("header", {}, h("h2", { id: "why" }, t("match_why_of", { name })), close), wait);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const url = URL.createObjectURL(await picture());
    dialog.addEventListener("close", () => URL.revokeObjectURL(url));
    const enlarged = h("p", {}, h("a", { href: url, target: "_blank" }, t("why_enlarge")));
    wait.replaceWith(h("img", { src: url, alt: t("why_alt") }), ...reasons(match).map((reason) => h("p", {}, reason)), enlarged);
  } catch (error) {
    wait.replaceWith(h("p", { class: "problem", role: "alert" }, sentenceOf(error)));
  }
}

/** Why two pictures match, in sentences. */
function reasons({ lane, evidence }) {
  if (evidence.exact) return [t("why_exact")];
  if (lane !== "same") return [t("why_alike")];
  const agree = evidence.keypoints ? t("why_points", { count: evidence.keypoints }) : t("why_whole");
  const words = evidence.edits.map((edit) => t(`edit_${edit}`));
  return words.length ? [agree, t("why_edits", { edits: list(words) })] : [agree];
}
