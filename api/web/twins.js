// The pictures of a group beside each other: which is the best, what each would gain as the one that is kept, and the two laid
// on each other.
import * as api from "./api.js";
import { Comparison, evidenceOf, sideOf } from "./compare.js";
import { fileSize } from "./i18n.js";
import { innerLink } from "./links.js";
import { openDialog } from "./shared/dialog.js";
import { button, h } from "./shared/dom.js";
import { list, t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";

/**
 * @param {{ page: any, image: any, badge?: string, notes?: import("./shared/dom.js").Child, acts?: import("./shared/dom.js").Child }} what
 */
export function twin({ page, image, badge = "", notes = null, acts = null }) {
  const name = nameOf(image);
  const picture = h("img", { alt: name, loading: "lazy", width: 240, height: 180 });
  api.show(picture, image.links.thumbnail);
  return h(
    "li",
    {},
    innerLink(page, `/?image=${image.id}`, {}, picture),
    badge && h("span", { class: "badge" }, badge),
    h("span", { class: "name" }, name),
    h("span", { class: "fine" }, t("result.size", image)),
    h("span", { class: "fine" }, fileSize(image.byte_size)),
    notes,
    acts && h("span", { class: "row small" }, acts),
  );
}

/**
 * What a picture gets from those that are removed for it, in words; nothing where it has all of it.
 * @param {any} keeper
 * @param {any[]} others best first
 */
export function gains(keeper, others) {
  const tags = [...new Set(others.flatMap((other) => other.tags ?? []))].filter((tag) => !keeper.tags?.includes(tag));
  const title = keeper.title ? null : others.map((other) => other.title).find(Boolean);
  const gainsLink = ["source_url", "page_url"].some((url) => !keeper[url] && others.some((other) => other[url]));
  const parts = [
    tags.length > 0 && t("duplicates.gainTags", { tags: list(tags) }),
    title && t("duplicates.gainTitle", { title }),
    gainsLink && t("duplicates.gainLink"),
  ].filter(Boolean);
  return parts.length ? t("duplicates.gains", { what: parts.join(" · ") }) : "";
}

/**
 * Two of them in a dialog; `keep(image)` is there where one may decide.
 * @param {any} first
 * @param {any} second
 * @param {{ keep?: ((image: any) => void) | null }} means
 */
export async function compareTwins(first, second, { keep = null } = {}) {
  const wait = h("p", { role: "status" }, h("span", { class: "spinner" }), t("compare.wait"));
  const dialog = openDialog({ heading: t("compare.heading"), wide: true }, wait);
  const found = await evidenceOf(first.id, second.id);
  if (!dialog.isConnected) return;
  const keeping = (image) => {
    const act = () => {
      dialog.close();
      keep(image);
    };
    return keep && button(t("duplicates.keepThis"), act, { class: "small", "aria-label": `${t("duplicates.keepThis")}: ${nameOf(image)}` });
  };
  const [left, right] = [first, second].map((image) => sideOf(image, keeping(image)));
  wait.replaceWith(
    new Comparison(left, right, found?.match.evidence).element,
    h("p", {}, h("a", { href: `/?compare=${first.id},${second.id}`, target: "_blank" }, t("compare.alone"))),
  );
}
