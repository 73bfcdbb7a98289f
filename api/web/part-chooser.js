// The part of the picture that is asked with: a box drawn on it by mouse, touch or keys, and the parts that the server offers.
import { between, HANDLES, isSamePart, isTiny, moved, resized } from "./region.js";
import { button, h } from "./shared/dom.js";
import { percent, t } from "./shared/i18n.js";

const STEP = 0.02; // of a side, for an arrow key
const DRAWN_PX = 6; // a shorter way is a click
const FIRST = { x: 0.2, y: 0.2, width: 0.6, height: 0.6 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class PartChooser {
  /**
   * @param {HTMLElement} picture with the <img>, which the box lies on
   * @param {{ asked: import("./region.js").Region | null, offered: import("./region.js").Region[],
   *   ask: (part: import("./region.js").Region | null) => void }} how `offered`: parts that seem to be pictures of their own
   */
  constructor(picture, { asked, offered, ask }) {
    this.asked = asked;
    this.part = asked;
    this.offered = offered;
    this.ask = ask;
    this.drag = null;
    this.pieces = offered.map((part, index) => this.piece(part, index));
    const handles = HANDLES.map((name) => h("span", { class: `handle ${name}`, "data-handle": name }));
    this.box = h(
      "button",
      { type: "button", class: "part", id: "part", "aria-describedby": "part-keys", on: { click: () => this.askPart(), keydown: (event) => this.press(event) } },
      handles,
    );
    const drawing = {
      pointerdown: (event) => this.begin(event),
      pointermove: (event) => this.draw(event),
      pointerup: () => this.end(),
      pointercancel: () => this.end(),
    };
    this.layer = h("div", { class: "part-layer", on: drawing }, this.pieces, this.box);
    picture.append(this.layer);
    this.keys = h("p", { class: "fine", id: "part-keys" }, t("part.keys"));
    this.acts = h("div", { class: "row small" });
    this.element = h("div", { class: "choosing" }, this.offers(), this.acts, this.keys);
    this.show();
  }

  /** One of the parts that the server offers: outlined, and asked with by a click. */
  piece(part, index) {
    const label = t("part.piece", { place: index + 1, total: this.offered.length });
    const piece = button(String(index + 1), () => this.ask(part), { class: "piece", "aria-label": label, "aria-current": this.isAsked(part) });
    place(piece, part);
    return piece;
  }

  isAsked(part) {
    return isSamePart(part, this.asked) ? "true" : null;
  }

  /** The same parts by their numbers, and the way from one to the next. */
  offers() {
    if (!this.offered.length) return null;
    const current = this.offered.findIndex((part) => this.isAsked(part));
    const next = this.offered[(current + 1) % this.offered.length];
    return [
      h("p", { class: "offered" }, t("part.offered", { count: this.offered.length })),
      h(
        "div",
        { class: "row small" },
        this.offered.map((part, index) => {
          const label = t("part.piece", { place: index + 1, total: this.offered.length });
          return button(String(index + 1), () => this.ask(part), { class: "number", "aria-label": label, "aria-current": this.isAsked(part) });
        }),
        this.offered.length > 1 && button(t("part.next"), () => this.ask(next), { id: "next-piece", class: "quiet" }),
      ),
    ];
  }

  show() {
    this.box.hidden = this.keys.hidden = !this.part;
    this.layer.classList.toggle("choosing", Boolean(this.part));
    if (this.part) {
      place(this.box, this.part);
      const { x, y, width, height } = this.part;
      this.box.setAttribute("aria-label", t("part.box", { left: percent(x), top: percent(y), width: percent(width), height: percent(height) }));
    }
    const isNew = this.part && !isSamePart(this.part, this.asked);
    const choose = () => {
      this.part = FIRST;
      this.show();
      this.box.focus();
    };
    this.acts.replaceChildren(
      ...[
        !this.part && button(t("part.choose"), choose, { id: "choose-part" }),
        isNew && button(t("part.ask"), () => this.askPart(), { class: "primary", id: "ask-part" }),
        (this.part || this.asked) && button(t("part.whole"), () => this.clear(true), { id: "whole" }),
      ].filter(Boolean),
    );
  }

  askPart() {
    if (this.isAsked(this.part)) return;
    this.ask(this.part);
  }

  /** Away with the box; where a part was asked with, `asks` asks with the whole picture. */
  clear(asks) {
    const held = this.layer.contains(document.activeElement);
    if (asks && this.asked) {
      this.ask(null);
      return;
    }
    this.part = null;
    this.show();
    if (held) /** @type {HTMLElement} */ (this.acts.firstElementChild).focus();
  }

  /** Arrows move the box, with Shift its right and lower side. Enter is a button's own key. */
  press(event) {
    const way = ARROWS[event.key];
    if (event.key === "Escape") this.clear(false);
    else if (way) {
      const [right, down] = way.map((steps) => steps * STEP);
      this.part = event.shiftKey ? resized(this.part, "se", right, down) : moved(this.part, right, down);
      this.show();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A finger that only scrolls draws nothing: it draws once there is a box. */
  begin(event) {
    if (event.button !== 0 || (event.pointerType === "touch" && !this.part)) return;
    const handle = event.target.dataset.handle ?? (event.target === this.box ? "all" : null);
    this.drag = { handle, from: this.at(event), before: this.part, isOn: false, x: event.clientX, y: event.clientY };
  }

  draw(event) {
    const { drag } = this;
    if (!drag) return;
    if (!drag.isOn) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < DRAWN_PX) return;
      drag.isOn = true;
      this.layer.setPointerCapture(event.pointerId); // of what began as a click there will be none
    }
    const to = this.at(event);
    const [right, down] = [to[0] - drag.from[0], to[1] - drag.from[1]];
    if (!drag.handle) this.part = between(drag.from, to);
    else if (drag.handle === "all") this.part = moved(drag.before, right, down);
    else this.part = resized(drag.before, drag.handle, right, down);
    this.show();
  }

  end() {
    const { drag } = this;
    this.drag = null;
    if (!drag?.isOn) return;
    if (isTiny(this.part)) this.part = drag.before;
    this.show();
    if (this.part) this.box.focus({ preventScroll: true });
  }

  /** Where a pointer is, in shares of the picture. */
  at(event) {
    const { left, top, width, height } = this.layer.getBoundingClientRect();
    return /** @type {[number, number]} */ ([(event.clientX - left) / width, (event.clientY - top) / height]);
  }
}

function place(element, { x, y, width, height }) {
  for (const [side, share] of Object.entries({ left: x, top: y, width, height })) element.style.setProperty(side, `${100 * share}%`);
}
