// A modal dialog.
import { button, h } from "./dom.js";
import { t } from "./i18n.js";

/**
 * A dialog with a heading and a way out; gone from the page once it is closed.
 * @param {{ heading: string, wide?: boolean }} how
 * @param {import("./dom.js").Child[]} children
 */
export function openDialog({ heading, wide = false }, ...children) {
  for (const open of openDialogs()) open.close();
  const title = h("h2", { id: "dialog-heading" }, heading);
  const close = button("×", () => dialog.close(), { class: "quiet close", "aria-label": t("app.close") });
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-heading", class: wide ? "wide" : null },
    h("header", {}, title, close),
    children,
  );
  dialog.addEventListener("click", (event) => {
    // Of a double click on what opened it, the second half lands on the backdrop.
    if (event.target === dialog && event.detail === 1) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @returns {NodeListOf<HTMLDialogElement>} */
export function openDialogs() {
  return document.querySelectorAll("dialog[open]");
}
