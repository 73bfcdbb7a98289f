// Signing in with a key, and out again.
import * as api from "./api.js";
import { installing } from "./install.js";
import { forgetAll } from "./kept.js";
import { openDialog } from "./shared/dialog.js";
import { button, h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

export function openKeys(page) {
  const access = api.server.access;
  const problem = h("p", { class: "problem", role: "alert" });
  const dialog = openDialog({
    heading: t({ none: "keys.heading", search: "nav.reader", admin: "nav.admin" }[access]),
  });
  const leave = () => {
    dialog.close();
    page.signedIn();
  };
  if (access !== "none") {
    const out = async () => {
      await forgetAll();
      await api.signIn(null);
      leave();
    };
    dialog.append(
      h("p", {}, t(access === "admin" ? "keys.isAdmin" : "keys.isReader")),
      h("p", { class: "row" }, button(t("keys.signOut"), out)),
      installing(),
    );
    return;
  }
  const field = h("input", { type: "password", id: "key", autocomplete: "current-password", required: true });
  const remember = h("input", { type: "checkbox", id: "remember" });
  const submit = async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      await api.signIn(field.value.trim(), { remember: remember.checked });
      leave();
    } catch (error) {
      problem.textContent = error.code === "wrong_key" ? t("keys.wrong") : api.sentence(error);
      field.select();
    }
  };
  dialog.append(
    h("p", {}, t(api.server.search_key_required ? "keys.textReader" : "keys.text")),
    h(
      "form",
      { on: { submit } },
      h("label", { for: "key" }, t("keys.key")),
      field,
      h("p", { class: "check" }, remember, h("label", { for: "remember" }, t("keys.remember"))),
      problem,
      h("p", { class: "row" }, h("button", { type: "submit", class: "primary" }, t("keys.signIn"))),
    ),
    h("details", {}, h("summary", {}, t("keys.lost")), h("p", {}, t("keys.lostText")), h("pre", {}, "pictrace admin-key --new")),
    installing(),
  );
  field.focus();
}
