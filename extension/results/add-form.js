// Adding a picture to the library: what is said of it, then what became of it.
import { t } from "../messages.js";
import { button, h, link } from "../ui/dom.js";
import { showFile } from "./answer.js";

/** `add` gets {title, tags, page_url}. */
export function addForm({ title, pageUrl, preview }, add) {
  const field = (name, label, attributes) => [h("label", { for: name }, t(label)), h("input", { id: name, name, ...attributes })];
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const tags = given.get("tags").split(",").map((tag) => tag.trim()).filter(Boolean);
    add({ title: given.get("title").trim(), tags, page_url: given.get("page").trim() });
  };
  return [
    h("h1", {}, t("add_heading")),
    preview && h("div", { class: "framed" }, h("img", { src: preview, alt: t("result_query") })),
    h(
      "form",
      { on: { submit } },
      field("title", "add_title", { value: title, maxlength: 500 }),
      field("tags", "add_tags", {}),
      field("page", "add_page", { value: /^https?:/i.test(pageUrl ?? "") ? pageUrl : "", type: "url" }),
      h("p", { class: "row" }, h("button", { type: "submit", class: "primary" }, t("add_button"))),
    ),
  ];
}

/** What became of it; `undo` takes it back. */
export function addedView({ outcome, isUndone }, { server, undo }) {
  const { status, image, operation_id: operation } = outcome.answer;
  const picture = h("img", { alt: "" });
  showFile(picture, server, image.links.thumbnail);
  const name = image.title || image.name;
  return [
    h("h1", { id: "answer", tabindex: "-1" }, t(isUndone ? "undone" : `add_${status}`)),
    h(
      "div",
      { class: "card" },
      picture,
      h(
        "div",
        { class: "about" },
        h("h2", {}, name),
        h("p", { class: "fine" }, t("image_size", { width: image.width, height: image.height })),
        image.tags.length > 0 && h("ul", { class: "edits" }, image.tags.map((tag) => h("li", {}, tag))),
        h("p", { class: "row" }, !isUndone && [operation && button(t("undo"), undo, { id: "undo" }), link(server.page(image.links.page), t("match_open"))]),
      ),
    ),
    h("p", { class: "fine", id: "way" }, t(`way_${outcome.way}`)),
  ];
}
