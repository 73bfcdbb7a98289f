// The last searches; a click asks the same again.
import { h } from "../shared/dom.js";
import { date, percent, t } from "../shared/i18n.js";
import { honest, nameOf } from "../shared/match.js";
import { history } from "../storage.js";

/** Nothing where there is none. `again` gets the entry. */
export async function historyList(again) {
  const entries = await history();
  if (!entries.length) return null;
  const item = (entry) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", on: { click: () => again(entry) } },
        h("img", { src: entry.thumbnail, alt: "" }),
        h("span", {}, entry.found ? `${entry.found.name} · ${t(`result.${entry.found.lane}`)} ${percent(entry.found.score)}` : t("result.nothing")),
        h("span", { class: "fine" }, date(entry.at)),
      ),
    );
  return h("section", { "aria-labelledby": "history" }, h("h2", { id: "history" }, t("history.heading")), h("ol", { class: "history" }, entries.map(item)));
}

/** What a search leaves in the history. */
export function entryOf({ url, answer }, thumbnail) {
  const [first] = answer.matches.filter((match) => !match.weak);
  return {
    at: Date.now(),
    url: url ?? null,
    thumbnail,
    found: first ? { name: nameOf(first), lane: first.lane, score: honest(first.score, first.evidence) } : null,
  };
}

/** The question that an entry asks again. */
export function questionOf({ url, thumbnail }) {
  return url ? { by: "link", url } : { by: "bytes", dataUrl: thumbnail, name: "picture.jpg" };
}
