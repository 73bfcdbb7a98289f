// Where one picture is looked at: sharp as soon as it is there, zoomed by wheel, fingers and double click, moved, swiped on.
import * as api from "./api.js";
import { h } from "./shared/dom.js";
import { nameOf } from "./shared/match.js";
import { bounded, fittingScale, zoomed } from "./zoom.js";

const STEP = 1.5; // of a key or a button
const SWIPE_PX = 60;
const KEPT = 4; // previews at hand: the one that is shown, and those beside it
const CLEAR_OR_MOVING = ["image/png", "image/webp", "image/gif", "image/avif"];
const SHOWN_BY_BROWSERS = [...CLEAR_OR_MOVING, "image/jpeg", "image/bmp"];

export class Stage {
  /** @param {{ swiped: (steps: 1 | -1) => void }} tell */
  constructor({ swiped }) {
    this.swiped = swiped;
    this.image = null;
    this.view = { scale: 1, x: 0, y: 0 };
    /** @type {Map<number, Promise<HTMLImageElement>>} */
    this.previews = new Map();
    /** @type {Map<number, { x: number, y: number }>} fingers, or the mouse, that are down */
    this.pointers = new Map();
    this.sheet = h("div", { class: "sheet" });
    this.element = h(
      "div",
      {
        class: "stage",
        on: {
          dblclick: (event) => this.#doubled(event),
          pointerdown: (event) => this.#down(event),
          pointermove: (event) => this.#moved(event),
          pointerup: (event) => this.#up(event),
          pointercancel: (event) => this.#up(event),
        },
      },
      this.sheet,
    );
    this.element.addEventListener("wheel", (event) => this.#wheeled(event), { passive: false });
    this.resized = () => this.fit();
  }

  start() {
    addEventListener("resize", this.resized);
  }

  stop() {
    removeEventListener("resize", this.resized);
    this.image = null;
    this.previews.clear();
    this.sheet.replaceChildren();
  }

  /** Show a picture: its thumbnail at once, then its preview; of what may be transparent or move, its file. */
  async show(image) {
    const { id, width, height, links } = image;
    this.image = image;
    this.size = { width, height };
    this.pointers.clear();
    this.isWhole = false;
    const placeholder = h("img", { alt: nameOf(image), draggable: "false" });
    this.#put(placeholder);
    this.fit();
    api.show(placeholder, links.thumbnail);
    try {
      const sharp = await this.preview(image);
      if (this.image?.id === id) this.#put(sharp);
    } catch {
      // The thumbnail stays.
    }
    if (this.image?.id === id && CLEAR_OR_MOVING.includes(image.media_type)) await this.#showFile();
  }

  /** A preview that is asked for is at hand when its picture is shown. */
  preview({ id, links }) {
    const known = this.previews.get(id) ?? decoded(links.preview);
    known.catch(() => this.previews.delete(id));
    this.previews.delete(id);
    this.previews.set(id, known);
    const [oldest] = this.previews.keys();
    if (this.previews.size > KEPT) this.previews.delete(oldest);
    return known;
  }

  get isZoomed() {
    return this.image !== null && this.view.scale > this.#fitting() * 1.01;
  }

  fit() {
    if (!this.image) return;
    this.#become({ scale: this.#fitting(), x: 0, y: 0 });
  }

  /** Larger (or smaller, below 0) by steps. */
  zoom(steps) {
    this.#zoomAt(STEP ** steps, { x: 0, y: 0 });
  }

  #fitting() {
    return fittingScale(this.size, this.#room());
  }

  #room() {
    return { width: this.element.clientWidth || 1, height: this.element.clientHeight || 1 };
  }

  #zoomAt(factor, point) {
    if (!this.image) return;
    this.#become(zoomed(this.view, factor, point, { picture: this.size, stage: this.#room() }));
  }

  #become(view) {
    this.view = view;
    const { style } = this.sheet;
    style.width = `${this.size.width * view.scale}px`;
    style.height = `${this.size.height * view.scale}px`;
    style.transform = `translate(-50%, -50%) translate(${view.x}px, ${view.y}px)`;
    this.element.classList.toggle("zoomed", this.isZoomed);
    this.#sharpen();
  }

  /** Zoomed in beyond what the preview shows, the file itself is wanted. */
  #sharpen() {
    const shown = this.sheet.querySelector("img");
    const wanted = this.size.width * this.view.scale * (globalThis.devicePixelRatio ?? 1);
    const isPreview = shown?.classList.contains("sharp");
    if (isPreview && wanted > shown.naturalWidth * 1.05 && this.size.width > shown.naturalWidth) this.#showFile();
  }

  async #showFile() {
    const { image } = this;
    if (this.isWhole || (api.isAdmin() && !SHOWN_BY_BROWSERS.includes(image.media_type))) return;
    this.isWhole = true;
    try {
      const file = await decoded(image.links.file);
      if (this.image?.id !== image.id) return;
      this.#put(file);
      file.classList.add("whole");
    } catch {
      // The preview stays.
    }
  }

  #put(picture) {
    picture.alt = nameOf(this.image);
    const isClear = CLEAR_OR_MOVING.includes(this.image.media_type);
    this.sheet.classList.toggle("chequered", isClear && picture.classList.contains("sharp"));
    this.sheet.replaceChildren(picture);
  }

  #pointOf(event) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return { x: event.clientX - left - width / 2, y: event.clientY - top - height / 2 };
  }

  #wheeled(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1); // lines, in Firefox
    this.#zoomAt(Math.exp(-Math.max(-240, Math.min(240, pixels)) / 400), this.#pointOf(event));
  }

  /** From all of it to its own pixels, and back. */
  #doubled(event) {
    if (this.isZoomed) this.fit();
    else this.#zoomAt(Math.max(1 / this.view.scale, 2), this.#pointOf(event));
  }

  #down(event) {
    if (event.button !== 0) return;
    this.element.setPointerCapture?.(event.pointerId);
    this.pointers.set(event.pointerId, this.#pointOf(event));
    if (this.pointers.size === 1) this.begun = { ...this.#pointOf(event), isTouch: event.pointerType === "touch" };
    else this.begun = null; // two fingers are no swipe
  }

  #moved(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#pointOf(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) this.#pinched(before, now, other);
    else if (this.isZoomed) this.#shift(now.x - before.x, now.y - before.y);
    else if (this.begun?.isTouch) this.#lean(now.x - this.begun.x);
  }

  #pinched(before, now, other) {
    const distance = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.#zoomAt(distance(now) / distance(before), middle);
    this.#shift((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  #shift(x, y) {
    const view = { ...this.view, x: this.view.x + x, y: this.view.y + y };
    this.#become(bounded(view, { picture: this.size, stage: this.#room() }));
  }

  /** The picture follows the finger, so that a swipe can be seen. */
  #lean(pixels) {
    this.sheet.style.transform = `translate(-50%, -50%) translate(${pixels}px, 0)`;
  }

  #up(event) {
    const point = this.#pointOf(event);
    const isLast = this.pointers.delete(event.pointerId) && this.pointers.size === 0;
    if (!isLast || !this.begun?.isTouch || this.isZoomed) return;
    const [x, y] = [point.x - this.begun.x, point.y - this.begun.y];
    this.fit();
    const isSwipe = event.type === "pointerup" && Math.abs(x) > SWIPE_PX && Math.abs(x) > 1.5 * Math.abs(y);
    if (isSwipe) this.swiped(x < 0 ? 1 : -1);
  }
}

/** A picture that can be put on the page at once. */
async function decoded(path) {
  const { url, release } = await api.address(path);
  const picture = h("img", { alt: "", class: "sharp", draggable: "false" });
  try {
    picture.src = url;
    await picture.decode();
  } finally {
    release();
  }
  return picture;
}
