// What was asked lately, as pictures to ask with again; the browser keeps the last few files.
import { forgetAll, lately } from "./kept.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

/**
 * Empty until the browser has said which files it keeps, and where it keeps none.
 * @param {{ go: (address: string, question: string) => void }} page
 */
export function recent(page) {
  const element = h("section", { class: "recent", hidden: true });
  const forget = async () => {
    await forgetAll();
    element.hidden = true;
    element.replaceChildren();
    document.getElementById("main")?.focus({ preventScroll: true });
  };
  lately().then((kept) => {
    if (!kept.length) return;
    element.hidden = false;
    refill(
      element,
      h("h2", {}, t("ask.recent")),
      h("div", { class: "recents" }, kept.map(([key, file]) => again(page, key, file))),
      h("p", { class: "row" }, button(t("ask.forget"), forget, { class: "quiet", id: "forget" })),
    );
  });
  return element;
}

/** A picture that the browser cannot show, as most cannot show HEIC, has its name only. */
function again(page, key, file) {
  const url = URL.createObjectURL(file);
  const drop = () => URL.revokeObjectURL(url);
  const failed = () => {
    drop();
    image.replaceWith(h("span", {}, file.name));
  };
  const image = h("img", { src: url, alt: "", on: { load: drop, error: failed } });
  const name = t("ask.recentAgain", { name: file.name });
  return h("button", { type: "button", class: "again", title: file.name, "aria-label": name, on: { click: () => page.go("/", key) } }, image);
}
