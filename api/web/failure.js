// What a view of the library shows in place of a list that could not be had, and the way on: to sign in, or again.
import * as api from "./api.js";
import { button, h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

/** Whether another key would help. */
export function asksForKey(error) {
  return ["key_required", "wrong_key", "admin_only"].includes(error.code);
}

export function problem(page, error, again) {
  const [act, label] = asksForKey(error) ? [page.openKeys, t("nav.signIn")] : [again, t("app.retry")];
  return [h("p", { class: "problem", role: "alert" }, api.sentence(error)), h("p", { class: "row" }, button(label, act))];
}
