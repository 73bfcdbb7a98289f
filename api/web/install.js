// Installing the page as an app; or what keeps the browser from it.
import { button, h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { begun } from "./start.js";

/** A part of a dialog; nothing where the page is installed already. */
export function installing() {
  if (matchMedia("(display-mode: standalone)").matches) return null;
  return h("details", { class: "installing" }, h("summary", {}, t("install.heading")), h("p", {}, t("install.text")), way());
}

function way() {
  if (!globalThis.isSecureContext) return h("p", { class: "fine" }, t("install.insecure"));
  if (!begun.offer) return h("p", { class: "fine" }, t("install.menu"));
  return h("p", { class: "row" }, button(t("install.button"), (event) => ask(event.currentTarget)));
}

/** The browser's offer can be taken up once. */
async function ask(pressed) {
  pressed.disabled = true;
  await begun.offer.prompt();
  begun.offer = null;
}
