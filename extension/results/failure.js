// What is shown where nothing came of a search: a sentence, and the next step.
import { t } from "../messages.js";
import { button, h } from "../ui/dom.js";
import { reasonOf, sentenceOf } from "../ui/sentences.js";

const FOR_THE_OPTIONS = ["unreachable", "not_pictrace", "bad_address", "wrong_key", "key_required", "admin_only", "wrong_host"];

/** `acts`: again(), options(), allowServer(), allow(host), area() where a piece of the page can be captured instead. */
export function failureView(failure, limits, acts) {
  const { code, tried = [], host } = failure;
  const isLeft = code === "left";
  const buttons = [
    code === "no_access" && button(t("allow_server"), acts.allowServer, { class: "primary", id: "allow-server" }),
    host && button(t("allow_host", { host: host.name }), () => acts.allow(host), { id: "allow" }),
    code === "no_way" && acts.area && button(t("popup_area"), acts.area, { id: "area" }),
    button(t("try_again"), acts.again, { id: "again" }),
    FOR_THE_OPTIONS.includes(code) && button(t("options"), acts.options),
  ];
  return [
    h("h1", { id: "answer", tabindex: "-1", class: "unseen" }, t("failed")),
    h("p", isLeft ? { role: "status" } : { class: "problem", role: "alert" }, sentenceOf(failure, { limits })),
    tried.length > 0 && h("ul", { class: "fine" }, tried.map((one) => h("li", {}, reasonOf(one)))),
    h("p", { class: "row" }, buttons),
  ];
}
