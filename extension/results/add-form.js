// Adding a picture to the library: what is said of it, then what became of it.
import { button, h, link } from "../shared/dom.js";
import { percent, t } from "../shared/i18n.js";
import { framed, nameOf, warningsOf } from "../shared/match.js";
import { enlargeable } from "./enlarging.js";

/** `add` gets {title, tags, page_url}. */
export function addForm({ title, pageUrl, preview }, add) {
  const field = (name, label, attributes) => [h("label", { for: name }, label), h("input", { id: name, name, ...attributes })];
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const said = (name) => String(given.get(name)).trim();
    const tags = said("tags").split(",").map((tag) => tag.trim()).filter(Boolean);
    add({ title: said("title"), tags, page_url: said("page") });
  };
  return [
    h("h1", {}, t("add.heading")),
    preview && framed(preview).element,
    h(
      "form",
      { on: { submit } },
      field("title", t("image.title"), { value: title, maxlength: 500 }),
      field("tags", t("image.tags"), {}),
      field("page", t("add.page"), { value: /^https?:/i.test(pageUrl ?? "") ? pageUrl : "", type: "url" }),
      h("p", { class: "row" }, h("button", { type: "submit", class: "primary" }, t("add.button"))),
    ),
  ];
}

/** What became of it, and what it nearly equals; `undo` takes it back. */
export function addedView({ outcome, isUndone }, { server, undo }) {
  const { status, image, operation_id: operation, page } = outcome.answer;
  const near = isUndone ? [] : (outcome.near ?? []);
  const undoing = !isUndone && operation && button(t("app.undo"), undo, { id: "undo" });
  return [
    h("h1", { id: "answer", tabindex: "-1" }, t(isUndone ? "app.undone" : `add.${status}`)),
    warningsOf(outcome.answer),
    picture(["div", "h2"], image, server, !isUndone && [!near.length && undoing, pageOf(image, server)]),
    near.length > 0 && nearSection(near, server, undoing),
    h("p", { class: "fine", id: "way" }, t(`way.${outcome.way}`)),
    page && h("p", { class: "fine" }, t("result.fromPage")),
  ];
}

function nearSection(near, server, undoing) {
  return h(
    "section",
    { class: "box near", "aria-labelledby": "near" },
    h("h2", { id: "near" }, t("add.near")),
    h("p", { class: "row" }, h("span", {}, t("add.nearText")), undoing),
    h("ol", { class: "cards" }, near.map((image) => picture(["li", "h3"], image, server, pageOf(image, server)))),
  );
}

function picture([element, heading], image, server, acts) {
  return h(
    element,
    { class: "card" },
    enlargeable(image, server),
    h(
      "div",
      { class: "about" },
      h(heading, {}, nameOf(image)),
      image.p_same !== undefined && h("p", { class: "likely" }, t("add.likely", { percent: percent(Math.min(image.p_same, 0.999)) })),
      h("p", { class: "fine" }, t("result.size", { width: image.width, height: image.height })),
      image.tags.length > 0 && h("ul", { class: "edits" }, image.tags.map((tag) => h("li", {}, tag))),
      h("p", { class: "row small" }, acts),
    ),
  );
}

const pageOf = (image, server) => link(server.page(image.links.page), t("match.open"));
