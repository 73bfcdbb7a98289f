// How many pictures are selected, and what can be done with them; at the foot of the screen while some are.
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

/**
 * Something to do with what is selected; `label` is the key of its text.
 * @typedef {{ label: string, run: () => void, class?: string }} Act
 */

export class SelectionBar {
  /**
   * @param {import("./selection.js").Selection} selection
   * @param {() => Act[]} acts
   * @param {() => void} selectAll
   */
  constructor(selection, acts, selectAll) {
    this.selection = selection;
    this.acts = acts;
    this.selectAll = selectAll;
    this.count = h("strong", { role: "status" });
    this.buttons = h("div", { class: "row small" });
    this.element = h("section", { class: "selection-bar", hidden: true }, this.count, this.buttons);
  }

  render() {
    const { size } = this.selection;
    this.element.hidden = size === 0;
    this.element.setAttribute("aria-label", t("select.bar"));
    this.count.textContent = size ? t("select.count", { count: size }) : "";
    if (!size) {
      this.drawn = null;
      this.buttons.replaceChildren();
      return;
    }
    const acts = this.acts();
    const said = t("select.clear");
    const drawn = [said, ...acts.map(({ label }) => label)].join(" ");
    if (this.drawn === drawn) return; // the buttons are there, in the reader's language
    this.drawn = drawn;
    refill(
      this.buttons,
      acts.map(({ label, run, class: kind }) => button(t(label), run, { class: kind, id: label.replace(".", "-") })),
      button(t("select.all"), this.selectAll, { class: "quiet", id: "select-all" }),
      button(said, () => this.selection.clear(), { class: "quiet", id: "select-clear" }),
    );
  }
}
