// The last searches; a click asks the same again.
import { percent, t, when } from "../messages.js";
import { history } from "../storage.js";
import { h } from "./dom.js";

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
        h("span", {}, entry.found ? `${entry.found.name} · ${t(`lane_${entry.found.lane}`)} ${percent(entry.found.score)}` : t("result_nothing")),
        h("span", { class: "fine" }, when(entry.at)),
      ),
    );
  return h("section", { "aria-labelledby": "history" }, h("h2", { id: "history" }, t("history_heading")), h("ol", { class: "history" }, entries.map(item)));
}

/** What a search leaves in the history. */
export function entryOf({ url, answer }, thumbnail) {
  const [first] = answer.matches.filter((match) => !match.weak);
  return {
    at: Date.now(),
    url: url ?? null,
    thumbnail,
    found: first ? { name: first.title || first.name, lane: first.lane, score: first.evidence.exact ? 1 : Math.min(first.score, 0.999) } : null,
  };
}

/** The question that an entry asks again. */
export function questionOf({ url, thumbnail }) {
  return url ? { by: "link", url } : { by: "bytes", dataUrl: thumbnail, name: "picture.jpg" };
}
