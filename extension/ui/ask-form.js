// Drop, paste, choose or link a picture.
import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** `ask` gets {by: "bytes", blob, name} or {by: "link", url}. */
export function askForm(ask, complain) {
  const file = h("input", { type: "file", id: "file", accept: "image/*,.heic,.heif,.avif,.jp2,.j2k,.jxl,.dng,.cr2,.cr3,.nef,.arw,.raf,.orf,.rw2" });
  file.addEventListener("change", () => file.files.length && take(file.files[0]));
  const field = h("input", { type: "url", id: "link", placeholder: "https://…", required: true });
  const submit = (event) => {
    event.preventDefault();
    ask({ by: "link", url: field.value.trim() });
  };
  const take = (one) => ask({ by: "bytes", blob: one, name: one.name || "picture" });
  /** From a drop or a paste. */
  const takeAny = (data) => {
    const found = [...data.files].find((one) => one.type.startsWith("image/")) ?? data.files[0];
    const text = (data.getData("text/uri-list") || data.getData("text/plain")).trim().split("\n")[0].trim();
    if (found) take(found);
    else if (/^https?:\/\//i.test(text)) ask({ by: "link", url: text });
    else complain(t("error.noPicture"));
  };
  const place = h(
    "section",
    { class: "drop", "aria-label": t("ask.heading") },
    h("p", {}, t("ask.hint")),
    h("p", { class: "row" }, file, h("label", { for: "file", class: "button" }, t("ask.choose"))),
    h(
      "form",
      { class: "link", on: { submit } },
      h("label", { for: "link" }, t("ask.link")),
      field,
      h("button", { type: "submit", class: "primary" }, t("ask.search")),
    ),
  );
  const over = (event) => {
    event.preventDefault();
    place.classList.toggle("over", event.type === "dragover");
  };
  const listeners = {
    dragover: over,
    dragleave: over,
    drop: (event) => {
      over(event);
      takeAny(event.dataTransfer);
    },
    paste: (event) => {
      if (event.target.closest?.("input, textarea") && !event.clipboardData.files.length) return;
      event.preventDefault();
      takeAny(event.clipboardData);
    },
  };
  const gone = new AbortController();
  for (const [name, listener] of Object.entries(listeners)) {
    // Anywhere on the page, as long as the form is there.
    document.addEventListener(name, (event) => (place.isConnected ? listener(event) : gone.abort()), { signal: gone.signal });
  }
  return place;
}
