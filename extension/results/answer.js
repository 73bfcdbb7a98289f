// An answer of the server's: the picture that was asked with, how it got there, and the matches in three lanes.
import { button, h, link } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { answerSection, card, framed } from "../shared/match.js";
import { enlargeable } from "./enlarging.js";
import { reasonOf } from "./ways.js";

/**
 * `outcome`: way, answer, tried, host, shrunk. `means`: server, why(match), allow(host), showWeak() where the nearest may
 * still be asked for, showMore() where there may be more, and add() where the user may add.
 */
export function answerView(outcome, means) {
  const { answer } = outcome;
  const { element, outline } = framed(answer.query.preview);
  outline(answer.matches[0]);
  const cardOf = (match, place) => matchCard(match, place, answer, means, outline);
  return [
    element,
    wayOf(outcome, means),
    answer.page && h("p", { class: "fine" }, t("result.fromPage")),
    answerSection(answer, { cardOf, others: answer.library_size, showWeak: means.showWeak }),
    means.showMore && h("p", { class: "row" }, button(t("answer.more"), means.showMore, { id: "show-more" })),
    !answer.calibrated && h("p", { class: "fine" }, t("result.uncalibrated")),
    means.add && h("p", { class: "row" }, button(t("add.this"), means.add)),
  ];
}

/** How the picture got to the server, and by which way it could do better. */
function wayOf({ way, tried, host, shrunk }, { allow }) {
  return h(
    "div",
    {},
    h("p", { class: "fine", id: "way" }, t(`way.${way}`), shrunk && ` ${t("way.shrunk")}`),
    tried.length > 0 &&
      h("details", {}, h("summary", {}, t("way.why")), h("ul", { class: "fine" }, tried.map((one) => h("li", {}, reasonOf(one))))),
    host && h("p", { class: "row" }, button(t("allow.host", { host: host.name }), () => allow(host), { id: "allow" })),
  );
}

function matchCard(match, place, { calibrated }, { server, why }, outline) {
  return card(match, {
    place,
    calibrated,
    picture: enlargeable(match, server),
    why: () => why(match),
    point: () => outline(match),
    acts: link(server.page(match.links.page), t("match.open")),
  });
}
