// A list of thousands of groups: parts of it come as it is scrolled, and only what is near the screen is drawn.
import { button, h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

const NEAR = "1200px 0px"; // of the screen
const HEIGHT_PX = 380; // of a group that was never drawn

/**
 * One of the list: what the server told, its place in the order of telling, and its element.
 * @typedef {{ item: any, place: number, element: HTMLElement, isDrawn: boolean }} Entry
 */

export class GroupList {
  /**
   * @param {{ kind: string, nameOf: (place: number) => string, draw: (item: any, place: number) => import("./shared/dom.js").Child,
   *   part: (cursor: string) => Promise<{ items: any[], cursor: string | null }>, failed: (error: Error) => void }} how
   */
  constructor({ kind, nameOf, draw, part, failed }) {
    this.nameOf = nameOf;
    this.draw = draw;
    this.part = part;
    this.failed = failed;
    /** @type {Entry[]} */
    this.entries = [];
    this.told = 0;
    this.cursor = null;
    this.loading = null;
    this.current = null; // the one that Tab reaches
    this.list = h("ul", { class: `groups ${kind}` });
    this.foot = button(t("library.more"), () => this.more({ focuses: true }));
    this.element = h("div", {}, this.list, h("p", { class: "row centre foot" }, this.foot));
    this.near = observer((seen) => seen.forEach(({ target, isIntersecting }) => this.seen(target, isIntersecting)));
    this.end = observer((seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.more());
    this.foot.hidden = true;
  }

  /** Put what a part of the server's list holds at the end. */
  add({ items, cursor }) {
    for (const item of items) {
      const place = (this.told += 1);
      const element = h("li", { class: "group box", tabindex: "-1", "aria-label": this.nameOf(place) });
      const entry = { item, place, element, isDrawn: false };
      if (!this.entries.length) this.reach(entry);
      this.entries.push(entry);
      this.list.append(element);
      this.watch(entry);
    }
    this.cursor = cursor;
    this.foot.hidden = !cursor;
    // Looked at anew: an end that stays in sight tells nothing.
    this.end?.unobserve(this.foot);
    if (cursor) this.end?.observe(this.foot);
  }

  watch(entry) {
    if (!this.near) this.fill(entry);
    else {
      entry.element.style.minHeight = `${HEIGHT_PX}px`;
      this.near.observe(entry.element);
    }
  }

  /** The next part; `focuses`: somebody pressed for it. */
  async more({ focuses = false } = {}) {
    if (!this.cursor || this.loading) return this.loading;
    const first = this.entries.length;
    this.foot.disabled = true;
    this.loading = this.part(this.cursor).then(
      (part) => {
        this.add(part);
        if (focuses) this.focus(this.entries[first]);
      },
      (error) => this.failed(error),
    );
    await this.loading;
    this.loading = null;
    this.foot.disabled = false;
  }

  seen(element, isNear) {
    const entry = this.entries.find((one) => one.element === element);
    if (!entry) return;
    if (isNear) this.fill(entry);
    else if (entry.isDrawn && !element.contains(document.activeElement)) this.empty(entry);
  }

  fill(entry) {
    if (entry.isDrawn) return;
    entry.isDrawn = true;
    entry.element.style.minHeight = "";
    entry.element.replaceChildren(...[this.draw(entry.item, entry.place)].flat(Infinity).filter(Boolean));
  }

  /** What is far away keeps its height, so that nothing jumps. */
  empty(entry) {
    entry.isDrawn = false;
    entry.element.style.minHeight = `${entry.element.offsetHeight}px`;
    entry.element.replaceChildren();
  }

  redraw() {
    this.foot.textContent = t("library.more");
    for (const entry of this.entries) {
      entry.element.setAttribute("aria-label", this.nameOf(entry.place));
      if (!entry.isDrawn) continue;
      entry.isDrawn = false;
      this.fill(entry);
    }
  }

  /** @returns {Entry | undefined} that an element lies in */
  entryOf(element) {
    return this.entries.find((one) => one.element.contains(element));
  }

  /** The entry so many places further on. */
  beside(entry, steps) {
    return this.entries[this.entries.indexOf(entry) + steps];
  }

  /** One of them at a time is reached with Tab; the others by keys, or by what is in them. */
  reach(entry) {
    if (this.current) this.current.element.tabIndex = -1;
    this.current = entry;
    entry.element.tabIndex = 0;
  }

  /** @param {Entry | undefined} entry */
  focus(entry) {
    if (!entry) return;
    this.reach(entry);
    this.fill(entry);
    entry.element.focus();
  }

  /** Out of the list; whatever had the focus in it hands it to the next. */
  remove(entry) {
    const held = entry.element.contains(document.activeElement);
    const next = this.beside(entry, 1) ?? this.beside(entry, -1);
    this.near?.unobserve(entry.element);
    this.entries.splice(this.entries.indexOf(entry), 1);
    entry.element.remove();
    if (held && next) this.focus(next);
    else if (next && entry === this.current) this.reach(next);
  }

  /** Back to where it was. */
  putBack(entry) {
    const after = this.entries.find((one) => one.place > entry.place);
    if (after) after.element.before(entry.element);
    else this.list.append(entry.element);
    this.entries.splice(after ? this.entries.indexOf(after) : this.entries.length, 0, entry);
    entry.isDrawn = false;
    this.fill(entry);
    this.near?.observe(entry.element);
  }

  /** Forget what there was. */
  clear() {
    for (const { element } of this.entries) this.near?.unobserve(element);
    this.entries = [];
    this.told = 0;
    this.current = null;
    this.list.replaceChildren();
    this.add({ items: [], cursor: null });
  }
}

function observer(told) {
  return globalThis.IntersectionObserver ? new IntersectionObserver(told, { rootMargin: NEAR }) : null;
}
