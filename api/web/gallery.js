// A gallery of any length: the page is as high as all of it, but only the pictures near the screen are in the document.
import { Layout } from "./layout.js";
import { h } from "./shared/dom.js";
import { current, t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";
import { Thumbnails } from "./thumbnails.js";

const WANT_AFTER_MS = 60; // scrolling quickly, most of what passes is never asked for
const LONG_PRESS_MS = 500;
const STILL_PX = 10; // that a finger may move while it presses
const NARROW_PX = 600;
const MARGIN_REM = 5; // that the header takes above a picture which is scrolled to

/**
 * What a view makes of its gallery: `addressOf(image)` is where its picture leads and `open(image, offset)` goes there,
 * `path(image)` is its thumbnail, `about(image)` what is said below its name, `lines` how many lines that takes, and
 * `least` how many pixels wide a picture is for that.
 * @typedef {object} Means
 * @property {(image: any) => string | null} addressOf
 * @property {(image: any, offset: number) => void} open
 * @property {(image: any) => string} path
 * @property {(image: any) => import("./shared/dom.js").Child} [about]
 * @property {number} [lines]
 * @property {number} [least]
 * @property {() => boolean} canSelect
 * @property {(error: any) => void} failed
 */

export class Gallery {
  /**
   * @param {import("./selection.js").Selection} selection
   * @param {Means} means
   */
  constructor(selection, means) {
    this.selection = selection;
    this.means = means;
    this.thumbnails = new Thumbnails();
    this.listing = null;
    this.sections = [];
    this.current = 0; // the one picture that Tab leads to
    /** @type {Map<number, Cell>} those in the document, by their places */
    this.cells = new Map();
    /** @type {Map<string, { element: HTMLElement, list: HTMLElement }>} */
    this.drawn = new Map();
    this.press = null;
    this.element = h("div", {
      class: "gallery",
      on: {
        click: (event) => this.#clicked(event),
        keydown: (event) => this.#typed(event),
        focusin: (event) => this.#focused(event),
        pointerdown: (event) => this.#pressed(event),
        pointermove: (event) => this.#moved(event),
        pointerup: () => this.#released(),
        pointercancel: () => this.#released(),
        contextmenu: (event) => this.press && event.preventDefault(),
      },
    });
    this.scrolled = () => this.render();
    this.resized = () => this.#refit();
  }

  /** The gallery is on the page. */
  start() {
    addEventListener("scroll", this.scrolled, { passive: true });
    addEventListener("resize", this.resized);
  }

  stop() {
    removeEventListener("scroll", this.scrolled);
    removeEventListener("resize", this.resized);
    clearTimeout(this.timer);
    this.listing?.stop();
    this.#released();
    for (const cell of this.cells.values()) this.thumbnails.drop(cell.picture);
    this.cells.clear();
    this.drawn.clear();
    this.element.replaceChildren();
  }

  /**
   * Show a listing; of pictures that are in the document already, nothing is drawn or loaded again.
   * @param {import("./listing.js").Listing} listing
   * @param {import("./layout.js").Section[]} sections
   */
  fill(listing, sections) {
    if (this.listing !== listing) this.listing?.stop();
    this.listing = listing;
    this.sections = sections;
    const held = this.#focusedCell();
    const known = new Map();
    for (const cell of this.cells.values()) {
      if (cell.image) known.set(cell.image.id, cell);
      else this.#remove(cell);
    }
    this.cells.clear();
    this.#measure();
    const { first, end } = this.#seen();
    for (let offset = first; offset < end; offset += 1) {
      const cell = known.get(listing.at(offset)?.id);
      if (!cell) continue;
      this.cells.set(offset, cell);
      known.delete(cell.image.id);
      if (cell === held) this.current = offset;
    }
    for (const cell of known.values()) this.#remove(cell);
    this.current = Math.min(this.current, Math.max(0, this.layout.total - 1));
    this.render();
    if (held && !this.#focusedCell()) this.focus(this.current);
  }

  /** Draw what is near the screen. */
  render() {
    if (!this.layout) return;
    const { first, end } = this.#seen();
    const held = this.#focusedCell();
    for (const [offset, cell] of this.cells) {
      const isNear = offset >= first && offset < end;
      if (!isNear && cell !== held) {
        this.#remove(cell);
        this.cells.delete(offset);
      }
    }
    for (let offset = first; offset < end; offset += 1) {
      if (!this.cells.has(offset)) this.cells.set(offset, new Cell());
    }
    this.#order();
    for (const [offset, cell] of this.cells) this.#draw(cell, offset);
    this.#reach(first, end);
    this.#wish(first, end);
  }

  /** Say anew which pictures are selected. */
  mark() {
    this.element.classList.toggle("selecting", this.selection.size > 0);
    for (const cell of this.cells.values()) cell.mark(this.selection, this.means.canSelect());
  }

  /** Where the reader is: the first picture on the screen, and how far above the screen's edge it begins. */
  place() {
    const above = this.#above();
    if (!this.layout || above <= 0) return null;
    const offset = this.layout.firstBelow(above);
    if (offset === null) return null;
    const shift = Math.round(above - this.layout.cornerOf(offset).top);
    return { offset, shift, id: this.listing.at(offset)?.id ?? null, total: this.layout.total };
  }

  /** Go to a place. */
  goTo({ offset, shift }) {
    if (!this.layout?.total) return;
    const near = Math.min(offset, this.layout.total - 1);
    this.#scrollBy(this.layout.cornerOf(near).top + shift - this.#above());
    this.render();
  }

  /** Put the focus on a picture; where it is not on the screen, scroll to it. */
  focus(offset) {
    if (!this.layout?.total) return;
    this.current = Math.max(0, Math.min(offset, this.layout.total - 1));
    this.#bringIntoView(this.current);
    this.render();
    if (!this.cells.has(this.current)) this.cells.set(this.current, new Cell());
    this.#order();
    this.#draw(this.cells.get(this.current), this.current);
    this.#reach(0, 0);
    this.cells.get(this.current).link.focus({ preventScroll: true });
  }

  /** Select all from where the last range began to this place; what is not at hand is asked for. */
  async extendTo(offset) {
    const { first, end } = this.selection.rangeTo(offset);
    this.selection.anchor ??= offset;
    const wanted = (this.range = Symbol("range"));
    try {
      const images = await this.listing.between(first, end);
      if (wanted === this.range) this.selection.extend(images.map(({ id }) => id), first);
    } catch (error) {
      this.means.failed(error);
    }
  }

  toggle(offset) {
    const image = this.listing.at(offset);
    this.range = null;
    if (image) this.selection.toggle(image.id, offset);
  }

  /** Sizes for the width there is; text may be larger than usual. */
  #measure() {
    const { documentElement: page, defaultView: view } = document;
    const rem = parseFloat(view.getComputedStyle(page).fontSize) || 16;
    const isNarrow = page.clientWidth < NARROW_PX;
    this.margin = MARGIN_REM * rem;
    this.layout = new Layout(this.sections, {
      width: this.element.clientWidth,
      least: Math.max(isNarrow ? 104 : 156, this.means.least ?? 0),
      gap: isNarrow ? 6 : 12,
      caption: rem * (1.75 + 1.3 * (this.means.lines ?? 0)),
      heading: rem * 3.25,
    });
    this.element.style.height = `${this.layout.height}px`;
  }

  /** The width has changed: the same pictures stay on the screen. */
  #refit() {
    if (!this.listing) return;
    const place = this.place();
    this.#measure();
    if (place) this.goTo({ ...place, shift: Math.min(place.shift, this.layout.rowHeight) });
    this.render();
  }

  /** How much of the gallery lies above the screen. */
  #above() {
    return -this.element.getBoundingClientRect().top;
  }

  /** The pictures on the screen, and as much again above and below. */
  #seen() {
    const { clientHeight } = document.documentElement;
    const [above, more] = [this.#above(), Math.max(400, clientHeight * 0.75)];
    return this.layout.between(above - more, above + clientHeight + more);
  }

  #scrollBy(pixels) {
    document.documentElement.scrollTop += pixels;
  }

  #bringIntoView(offset) {
    const { top } = this.layout.cornerOf(offset);
    const { clientHeight } = document.documentElement;
    const [from, to] = [top - this.#above(), top + this.layout.rowHeight - this.#above()];
    if (from < this.margin) this.#scrollBy(from - this.margin);
    else if (to > clientHeight) this.#scrollBy(to - clientHeight + this.margin);
  }

  /** Sections and their pictures stand in the document as they follow each other, for those who do not see them. */
  #order() {
    const lists = new Map();
    for (const offset of [...this.cells.keys()].sort((one, other) => one - other)) {
      const section = this.layout.sectionOf(offset);
      if (!lists.has(section)) lists.set(section, []);
      lists.get(section).push(this.cells.get(offset).element);
    }
    const kept = new Set([...lists.keys()].map(({ key }) => key));
    for (const [key, { element }] of this.drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.drawn.delete(key);
    }
    let place = 0;
    for (const [section, elements] of lists) {
      const { element, list } = this.#section(section);
      put(this.element, element, place);
      place += 1;
      elements.forEach((one, index) => put(list, one, index));
    }
  }

  #section({ key, label, top }) {
    let drawn = this.drawn.get(key);
    if (!drawn) {
      const list = h("ul", {});
      drawn = { element: h("section", {}, label !== null && h("h2", {}, label), list), list };
      this.drawn.set(key, drawn);
    }
    const heading = drawn.element.querySelector("h2");
    if (heading) {
      heading.style.top = `${top}px`;
      if (heading.textContent !== label) heading.textContent = label;
    }
    return drawn;
  }

  #draw(cell, offset) {
    const { left, top } = this.layout.cornerOf(offset);
    cell.lie(left, top, this.layout.side);
    cell.count(offset, this.layout.total);
    const image = this.listing.at(offset);
    if (!image || !cell.becomes(image, this.means)) return;
    cell.mark(this.selection, this.means.canSelect());
    this.thumbnails.drop(cell.picture);
    this.thumbnails.show(cell.picture, this.means.path(image));
  }

  #remove(cell) {
    this.thumbnails.drop(cell.picture);
    cell.element.remove();
  }

  /** One picture is reached by Tab, the others from there by arrow keys. */
  #reach(first, end) {
    const isThere = this.cells.has(this.current);
    if (!isThere && end > first) this.current = first;
    for (const [offset, cell] of this.cells) cell.link.tabIndex = offset === this.current ? 0 : -1;
  }

  #wish(first, end) {
    this.wished = { first, end };
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.listing.want(this.wished.first, this.wished.end);
    }, WANT_AFTER_MS);
  }

  /** @param {EventTarget} target */
  #offsetOf(target) {
    const element = target instanceof Element && target.closest("li");
    for (const [offset, cell] of this.cells) if (cell.element === element) return offset;
    return null;
  }

  #focusedCell() {
    const offset = this.#offsetOf(document.activeElement);
    return offset === null ? null : this.cells.get(offset);
  }

  #focused(event) {
    const offset = this.#offsetOf(event.target);
    if (offset === null) return;
    this.current = offset;
    this.#reach(0, 0);
  }

  #clicked(event) {
    const offset = this.#offsetOf(event.target);
    if (offset === null) return;
    const canSelect = this.means.canSelect();
    const isSelecting = event.target.closest(".check") || event.ctrlKey || event.metaKey || this.selection.size > 0;
    if (this.press?.isOver || (canSelect && (event.shiftKey || isSelecting))) {
      event.preventDefault();
      if (!this.press?.isOver) (event.shiftKey ? this.extendTo(offset) : this.toggle(offset));
      this.press = null;
    } else if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.#open(offset);
    }
  }

  #open(offset) {
    const image = this.listing.at(offset);
    if (image) this.means.open(image, offset);
  }

  #typed(event) {
    const offset = this.#offsetOf(event.target);
    if (offset === null || event.altKey || event.ctrlKey || event.metaKey) return;
    const canSelect = this.means.canSelect();
    if (event.key === "Enter" && !event.target.closest(".check")) this.#open(offset);
    else if (event.key === " " && canSelect) {
      if (event.shiftKey) this.extendTo(offset);
      else this.toggle(offset);
    } else {
      const next = this.#neighbour(event.key, offset);
      if (next === null) return;
      if (event.shiftKey && canSelect) {
        this.selection.anchor ??= offset;
        this.extendTo(next);
      }
      this.focus(next);
    }
    event.preventDefault();
  }

  /** Where a key leads to from a picture. */
  #neighbour(key, offset) {
    const last = this.layout.total - 1;
    const row = Math.max(1, Math.floor(document.documentElement.clientHeight / this.layout.rowHeight) - 1);
    const places = {
      ArrowLeft: () => Math.max(0, offset - 1),
      ArrowRight: () => Math.min(last, offset + 1),
      ArrowUp: () => this.layout.vertically(offset, -1),
      ArrowDown: () => this.layout.vertically(offset, 1),
      PageUp: () => this.layout.vertically(offset, -row),
      PageDown: () => this.layout.vertically(offset, row),
      Home: () => 0,
      End: () => last,
    };
    return places[key]?.() ?? null;
  }

  /** A finger that stays for a moment selects. */
  #pressed(event) {
    this.#released();
    this.press = null;
    const offset = this.#offsetOf(event.target);
    if (event.pointerType !== "touch" || offset === null || !this.means.canSelect()) return;
    const press = { x: event.clientX, y: event.clientY, isOver: false, timer: null };
    press.timer = setTimeout(() => {
      press.isOver = true;
      this.toggle(offset);
    }, LONG_PRESS_MS);
    this.press = press;
  }

  #moved(event) {
    if (this.press && Math.hypot(event.clientX - this.press.x, event.clientY - this.press.y) > STILL_PX) this.#released();
  }

  #released() {
    clearTimeout(this.press?.timer);
  }
}

/** One place of the gallery: empty at first, then with its picture. */
class Cell {
  constructor() {
    this.image = null;
    this.picture = h("img", { alt: "", draggable: "false" });
    this.picture.addEventListener("failed", () => this.element.classList.add("broken"));
    this.link = h("a", { class: "tile", tabindex: "-1", draggable: "false" });
    this.check = h("button", { type: "button", class: "check", role: "checkbox", tabindex: "-1", hidden: true });
    this.element = h("li", {}, this.link, this.check);
  }

  lie(left, top, side) {
    const { style } = this.element;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${side}px`;
    this.link.style.setProperty("--side", `${side}px`);
  }

  count(offset, total) {
    this.element.setAttribute("aria-setsize", String(total));
    this.element.setAttribute("aria-posinset", String(offset + 1));
  }

  /** Take up what is known of its picture; whether its thumbnail is to be loaded now. */
  becomes(image, { addressOf, about }) {
    const known = current() + JSON.stringify(image);
    if (known === this.known) return false;
    this.known = known;
    const isNew = image.id !== this.image?.id;
    this.image = image;
    const address = addressOf(image);
    if (address) this.link.setAttribute("href", address);
    else this.link.setAttribute("role", "button");
    this.link.id = `image-${image.id}`;
    this.link.replaceChildren(
      this.picture,
      h("span", { class: "name" }, nameOf(image)),
      ...[image.tags.includes("sample") && h("span", { class: "badge" }, t("samples.badge")), about?.(image)].filter(Boolean),
    );
    this.check.setAttribute("aria-label", t("select.one", { name: nameOf(image) }));
    if (isNew) this.element.classList.remove("broken");
    return isNew;
  }

  mark(selection, canSelect) {
    const isSelected = Boolean(this.image) && selection.has(this.image.id);
    this.element.classList.toggle("selected", isSelected);
    this.check.hidden = !canSelect || !this.image;
    this.check.setAttribute("aria-checked", String(isSelected));
  }
}

/** Put a node at a place among the children of another, unless it is there; others are not moved. */
function put(parent, node, place) {
  const there = parent.children[place] ?? null;
  if (there !== node) parent.insertBefore(node, there);
}
