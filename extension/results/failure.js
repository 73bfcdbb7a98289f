// What is shown where nothing came of a search: a sentence, and the next step.
import { button, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { sentence } from "../shared/problem.js";
import { openServerButton } from "../ui/open-server.js";
import { reasonOf } from "./ways.js";

const FOR_THE_OPTIONS = [
  ...["unreachable", "nothing_here", "nothing_there", "nothing_by_name", "no_secure_connection", "https_only", "sends_on"],
  ...["not_pictrace", "bad_address", "wrong_key", "key_required", "admin_only", "host_not_allowed"],
];

/**
 * `acts`: again(), options(), allowServer(), openServer(), allow(host), area() where a piece of the page can be captured
 * instead.
 */
export function failureView(failure, limits, acts) {
  const { code, tried = [], host } = failure;
  const isLeft = code === "left";
  const buttons = [
    code === "no_access" && button(t("allow.server"), acts.allowServer, { class: "primary", id: "allow-server" }),
    host && button(t("allow.host", { host: host.name }), () => acts.allow(host), { id: "allow" }),
    ["no_way", "left"].includes(code) && acts.area && button(t("popup.area"), acts.area, { id: "area" }),
    openServerButton(failure, acts.openServer),
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
