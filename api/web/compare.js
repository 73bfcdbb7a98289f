// Two pictures compared: side by side, one in place of the other, or one wiped over the other; what differs is outlined. Used
// by answers, by near-duplicates, and by an address of its own.
import * as api from "./api.js";
import { fileSize } from "./i18n.js";
import { inverse, mapped, onto, transform } from "./overlay.js";
import { innerLink } from "./links.js";
import { addressOf, MOST } from "./question.js";
import { button, h, refill, svg } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { nameOf, score } from "./shared/match.js";

const WAYS = ["side", "flicker", "wipe"];
const NEARLY = 0.03; // so far two shapes may be apart and still be drawn as one

/**
 * A picture of a comparison: `show(image)` puts it into an <img>.
 * @typedef {{ name: string, width: number, height: number, show: (image: HTMLImageElement) => void, about?: import("./shared/dom.js").Child }} Side
 */

export class Comparison {
  /**
   * @param {Side} first
   * @param {Side} second
   * @param {{ outline?: [number, number][] | null, differs?: import("./region.js").Region[] }} evidence where the second lies in
   *   the first, and where both differ, in shares of the first
   */
  constructor(first, second, { outline = null, differs = [] } = {}) {
    this.sides = [first, second];
    this.map = onto(outline);
    this.isLaid = outline !== null;
    this.marks = differs.map(({ x, y, width, height }) => [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]);
    this.shown = 0; // of the two, while they flicker
    this.panes = this.sides.map((side, index) => this.pane(side, index));
    const onTop = h("div", { class: "on-top" }, this.drawing((corner) => corner));
    this.stage = h("div", { class: "laid", on: { click: () => this.flicker(), pointermove: (event) => this.follow(event), pointerdown: (event) => this.follow(event) } }, this.panes, onTop);
    this.stage.style.setProperty("--ratio", String(first.width / first.height));
    this.choices = WAYS.map((way) => button(t(`compare.${way}`), () => this.use(way), { "data-way": way }));
    this.controls = h("div", { class: "controls" });
    this.element = h(
      "div",
      { class: "comparison" },
      h("div", { class: "row small modes", role: "group", "aria-label": t("compare.ways") }, this.choices, this.marking()),
      this.controls,
      this.stage,
    );
    new ResizeObserver(() => this.lay()).observe(this.stage);
    this.use("side");
  }

  pane(side, index) {
    const image = h("img", { alt: side.name, draggable: "false" });
    side.show(image);
    // What differs is told in shares of the first picture: in the second it lies where that place is in it.
    const back = inverse(this.map);
    const picture = h("div", { class: "shape" }, image, this.drawing((corner) => (index ? mapped(back, corner) : corner)));
    const caption = h("figcaption", {}, h("strong", {}, h("span", { class: "letter" }, "AB"[index]), ` ${side.name}`), side.about);
    const made = h("figure", { class: index ? "pane second" : "pane first" }, picture, caption);
    made.style.setProperty("--ratio", String(side.width / side.height));
    return made;
  }

  drawing(placed) {
    const points = this.marks.map((corners) => corners.map(placed).map(([x, y]) => `${x},${y}`).join(" "));
    const shapes = points.flatMap((corners) => [svg("polygon", { points: corners, class: "under" }), svg("polygon", { points: corners })]);
    return svg("svg", { class: "marks", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, ...shapes);
  }

  /** Outlines can be taken away, to see what is below them. */
  marking() {
    if (!this.marks.length) return null;
    const change = (event) => this.element.classList.toggle("unmarked", !event.target.checked);
    const box = h("input", { type: "checkbox", id: "marks", checked: true, on: { change } });
    return h("span", { class: "check marking" }, box, h("label", { for: "marks" }, t("compare.marks", { count: this.marks.length })));
  }

  use(way) {
    this.way = way;
    this.element.dataset.way = way;
    for (const choice of this.choices) choice.setAttribute("aria-pressed", String(choice.dataset.way === way));
    this.stage.style.setProperty("--cut", "50%");
    this.controls.replaceChildren(...{ side: [], flicker: this.flickering(), wipe: this.wiping() }[way]);
    this.lay();
    if (way === "flicker") this.turn(0);
  }

  flickering() {
    this.said = h("span", { role: "status" });
    return [button(t("compare.turn"), () => this.turn(1 - this.shown), { id: "flicker", class: "primary" }), this.said];
  }

  flicker() {
    if (this.way === "flicker") this.turn(1 - this.shown);
  }

  turn(shown) {
    this.shown = shown;
    this.stage.dataset.shown = "AB"[shown];
    this.said.textContent = `${"AB"[shown]} · ${this.sides[shown].name}`;
  }

  wiping() {
    const input = () => this.stage.style.setProperty("--cut", `${this.slider.value}%`);
    this.slider = h("input", { type: "range", id: "wipe", min: 0, max: 100, step: 1, value: 50, on: { input } });
    return [h("label", { for: "wipe" }, t("compare.wipeLabel")), h("span", { class: "slider" }, "A", this.slider, "B")];
  }

  /** The edge follows a mouse that is over the pictures, or a finger that is drawn over them. */
  follow(event) {
    if (this.way !== "wipe" || (event.pointerType === "mouse" && event.type === "pointermove" && !event.buttons)) return;
    const { left, width } = this.stage.getBoundingClientRect();
    this.slider.value = String(Math.round((100 * (event.clientX - left)) / width));
    this.slider.dispatchEvent(new Event("input"));
  }

  /** Lay the second on the first: to where it was found in it, or else as large as fits. */
  lay() {
    const picture = /** @type {HTMLElement} */ (this.panes[1].firstElementChild);
    const { clientWidth: width, clientHeight: height } = this.stage;
    const isOn = this.way !== "side" && width > 0 && this.isLaid;
    picture.style.transform = isOn ? transform(this.map, width, height) : "";
    const [ratio, other] = this.sides.map((side) => side.width / side.height);
    this.stage.classList.toggle("fitted", !this.isLaid && Math.abs(ratio / other - 1) > NEARLY);
  }
}

/**
 * A picture of the library as a side of a comparison.
 * @param {any} image
 * @param {import("./shared/dom.js").Child} more
 */
export function sideOf(image, more = null) {
  const size = [t("result.size", image), image.byte_size && fileSize(image.byte_size)].filter(Boolean).join(", ");
  return {
    name: nameOf(image),
    width: image.width,
    height: image.height,
    show: (place) => showLarge(place, image),
    about: [h("span", { class: "fine" }, size), more],
  };
}

/** The large preview; a server that makes none has the thumbnail. */
function showLarge(place, { links }) {
  const { preview = links.thumbnail, thumbnail } = links;
  if (preview !== thumbnail) place.addEventListener("error", () => api.show(place, thumbnail), { once: true });
  api.show(place, preview);
}

/** A match laid on the picture that was asked with. */
export function besideAnswer(match, search) {
  const { question, answer } = search;
  const { width, height } = answer.query;
  const asked = {
    name: t("result.query"),
    width,
    height,
    about: h("span", { class: "fine" }, t("result.size", { width, height })),
    show: (place) => {
      const preview = () => (place.src = answer.query.preview);
      if (question.like !== undefined) {
        place.addEventListener("error", preview, { once: true });
        api.show(place, `/v1/images/${question.like}/preview`);
      } else if (search.picture) {
        place.addEventListener("error", preview, { once: true });
        place.src = search.picture;
      } else preview();
    },
  };
  const back = () => search.page.go(addressOf(question), question.kept);
  const link = innerLink(search.page, `/?image=${match.id}`, {}, t("compare.page"));
  const comparison = new Comparison(asked, sideOf(match, link), match.evidence);
  return h(
    "section",
    { id: "answer", tabindex: "-1", class: "compare", "aria-labelledby": "compare-heading" },
    h("p", { class: "row" }, button(t("compare.back"), back, { id: "back" })),
    h("h1", { id: "compare-heading" }, t("compare.heading")),
    score(match, answer.calibrated),
    comparison.element,
  );
}

/**
 * Where the second lies in the first, and where they differ: what a search with the first says of the second.
 * @param {number} first
 * @param {number} second
 */
export async function evidenceOf(first, second) {
  try {
    const { matches, calibrated } = await api.ask(`/v1/images/${first}/matches?limit=${MOST}`);
    const match = matches.find(({ id }) => id === second);
    return match && { match, calibrated };
  } catch {
    return undefined; // they are compared all the same
  }
}

/** The view of two pictures of the library, `/?compare=3,17`. */
export class Compare {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "compare" });
    this.parts = [];
    this.visit = 0;
  }

  async enter(wanted) {
    const visit = (this.visit += 1);
    const [first, second] = wanted.get("compare").split(",").map(Number);
    const heading = h("h1", {}, t("compare.heading"));
    this.parts = [heading, h("p", { role: "status" }, h("span", { class: "spinner" }))];
    this.render();
    try {
      const pictures = await Promise.all([first, second].map((id) => api.ask(`/v1/images/${id}`)));
      const found = await evidenceOf(first, second);
      if (visit !== this.visit) return;
      const sides = pictures.map((image) => sideOf(image, innerLink(this.page, `/?image=${image.id}`, {}, t("compare.page"))));
      const comparison = new Comparison(sides[0], sides[1], found?.match.evidence);
      this.parts = [heading, found && score(found.match, found.calibrated), comparison.element];
      this.page.title?.(sides.map(({ name }) => name).join(" · "));
    } catch (error) {
      if (visit !== this.visit) return;
      this.parts = [heading, h("p", { class: "problem", role: "alert" }, api.sentence(error))];
    }
    this.render();
  }

  leave() {
    this.visit += 1;
  }

  dropHint() {
    return t("ask.drop");
  }

  takeFiles(files) {
    this.page.searchFiles(files);
  }

  takeUrl(url) {
    this.page.go(addressOf({ url }));
  }

  render() {
    refill(this.element, this.parts);
  }
}
