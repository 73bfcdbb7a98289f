// What is shown where nothing came of a search: a sentence, and the next step.
import { button, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { sentence } from "../shared/problem.js";
import { reasonOf } from "./ways.js";

const FOR_THE_OPTIONS = ["unreachable", "not_pictrace", "bad_address", "wrong_key", "key_required", "admin_only", "wrong_host"];

/** `acts`: again(), options(), allowServer(), allow(host), area() where a piece of the page can be captured instead. */
export function failureView(failure, limits, acts) {
  const { code, tried = [], host } = failure;
  const isLeft = code === "left";
  const buttons = [
    code === "no_access" && button(t("allow.server"), acts.allowServer, { class: "primary", id: "allow-server" }),
    host && button(t("allow.host", { host: host.name }), () => acts.allow(host), { id: "allow" }),
    code === "no_way" && acts.area && button(t("popup.area"), acts.area, { id: "area" }),
    button(t("app.retry"), acts.again, { id: "again" }),
    FOR_THE_OPTIONS.includes(code) && button(t("options.heading"), acts.options),
  ];
  return [
    h("h1", { id: "answer", tabindex: "-1", class: "unseen" }, t("error.heading")),
    h("p", isLeft ? { role: "status" } : { class: "problem", role: "alert" }, sentence(failure, limits)),
    tried.length > 0 && h("ul", { class: "fine" }, tried.map((one) => h("li", {}, reasonOf(one)))),
    h("p", { class: "row" }, buttons),
  ];
}
