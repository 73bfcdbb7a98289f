// The way to one's own pictures, from the first page: the main one where the library is empty, or where one may add.
import * as api from "./api.js";
import { button, h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

/** Whether nothing can be found yet, so that adding comes before asking. */
export function isEmpty() {
  return api.server.pictures === 0;
}

/** Nothing where there are pictures, and somebody else adds them. */
export function ownPictures(page) {
  if (!isEmpty() && !api.isAdmin()) return null;
  const add = button(t("own.add"), () => page.go("/?view=library"), { class: "primary" });
  const signIn = button(t("own.signIn"), page.openKeys, { class: "primary" });
  return h(
    "section",
    { class: "own box" },
    isEmpty() ? h("h1", {}, t("own.first")) : h("h2", {}, t("own.more")),
    h("p", {}, t("own.text")),
    h("p", { class: "row" }, api.isAdmin() ? add : signIn),
    isEmpty() && h("p", { class: "fine" }, t("own.command"), " ", h("code", {}, `pictrace add ${t("own.folder")}`)),
  );
}
