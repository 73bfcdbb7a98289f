// Under "Nothing like it is here": the admin adds the very picture that was asked with.
import * as api from "./api.js";
import { innerLink } from "./links.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

/**
 * @param {import("./question.js").Question} question a file or a link
 * @param {{ go: (address: string) => void, refresh: () => Promise<void> }} page
 */
export function addThis(question, page) {
  const element = h("section", { class: "add-this box", "aria-labelledby": "add-this-heading" });
  const shut = () => refill(element, h("p", { class: "row" }, button(t("addThis.heading"), open, { class: "primary", id: "add-this" })), heading("unseen"));
  const open = () => {
    const tags = h("input", { id: "add-this-tags", value: (question.tags ?? []).join(", ") });
    const problem = h("p", { class: "problem", role: "alert" });
    const send = h("button", { type: "submit", class: "primary" }, t("addThis.add"));
    const submit = async (event) => {
      event.preventDefault();
      if (send.disabled) return;
      send.disabled = true;
      try {
        inLibrary(await added(question, tags.value));
      } catch (error) {
        problem.textContent = api.sentence(error);
        send.disabled = false;
      }
    };
    refill(
      element,
      heading(),
      h(
        "form",
        { on: { submit } },
        h("label", { for: "add-this-tags" }, t("image.tags")),
        tags,
        problem,
        h("p", { class: "row above" }, send, button(t("app.cancel"), shut, { class: "quiet" })),
      ),
    );
    tags.focus();
  };
  const inLibrary = ({ operation_id: operation, image }) => {
    const picture = h("img", { alt: "", width: 160, height: 120 });
    refill(
      element,
      heading("", t("addThis.there")),
      innerLink(page, `/?image=${image.id}`, { class: "there" }, picture, h("span", {}, nameOf(image))),
    );
    api.show(picture, image.links.thumbnail);
    page.refresh();
    const back = () => {
      page.refresh();
      shut();
    };
    say(t("addThis.added"), operation && { label: t("app.undo"), run: () => undo(operation, back) });
  };
  const heading = (kind = "", text = t("addThis.heading")) => h("h2", { id: "add-this-heading", class: kind || null }, text);
  shut();
  return element;
}

/**
 * @param {import("./question.js").Question} question
 * @param {string} words
 */
async function added({ file, url }, words) {
  const tags = words.split(",").map((tag) => tag.trim()).filter(Boolean);
  if (url !== undefined) return api.ask("/v1/images", { json: { url, tags } });
  const form = new FormData();
  for (const tag of tags) form.append("tags", tag);
  form.append("file", file);
  return api.ask("/v1/images", { form });
}
