// "Only in: comics ×": the tags that a search keeps to, and a way to choose more.
import * as api from "./api.js";
import { button, h } from "./shared/dom.js";
import { number, t } from "./shared/i18n.js";
import { say } from "./toast.js";

/**
 * @param {string[]} tags
 * @param {(tags: string[]) => void} change
 */
export function tagFilter(tags, change) {
  const chip = (tag) => {
    const without = () => change(tags.filter((one) => one !== tag));
    return h("li", { class: "chip" }, tag, button("×", without, { class: "quiet", "aria-label": t("tags.drop", { tag }) }));
  };
  const open = button(t(tags.length ? "tags.more" : "tags.choose"), () => offer(open, tags, change), { class: "quiet small", id: "choose-tag" });
  return h(
    "div",
    { class: "among" },
    tags.length > 0 && [h("span", { id: "among" }, t("tags.only")), h("ul", { "aria-labelledby": "among" }, tags.map(chip))],
    open,
  );
}

/** The library's tags are asked for once somebody wants to choose one. */
async function offer(open, chosen, change) {
  open.disabled = true;
  try {
    const { tags } = await api.ask("/v1/tags");
    const options = tags.filter(({ tag }) => !chosen.includes(tag));
    if (!options.length) {
      say(t("tags.none"));
      open.disabled = false;
      return;
    }
    const choice = h(
      "select",
      { id: "among-tag", "aria-label": t("tags.choose"), on: { change: () => choice.value && change([...chosen, choice.value]) } },
      h("option", { value: "" }, t("tags.pick")),
      options.map(({ tag, pictures }) => h("option", { value: tag }, `${tag} (${number(pictures)})`)),
    );
    open.replaceWith(choice);
    choice.focus();
  } catch (error) {
    open.disabled = false;
    say(api.sentence(error));
  }
}
