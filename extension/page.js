// A page that the user clicked on, as far as the browser lets us ask it: its pictures, their bytes, what is to be seen.
import * as browser from "./browser.js";
import { cropped, fromDataUrl, thumbnail, toDataUrl } from "./picture.js";

// From the root: Firefox would look for them beside the page that asks.
const SCRIPTS = ["/in-page/pictures.js", "/shared/shrink.js", "/in-page/reader.js", "/in-page/picker.js", "/in-page/area.js"];

/** The page cannot be asked: the browser's own, another origin's frame, or gone. */
export class Unreadable extends Error {}

export class Page {
  /** `frameId`: where in the tab was clicked. */
  constructor({ tabId, windowId, frameId = 0 }) {
    this.at = { tabId, frameId };
    this.windowId = windowId;
    this.url = null; // of the picture that was clicked
  }

  /** Choose the picture of a click: {kind, addresses, width, height, alt}, or null where there is none. */
  async choose({ element = null, url }) {
    this.url = url;
    const byElement = element && (await this.#run((id) => globalThis.pictrace.chooseElement(id), element));
    if (byElement || !url) return byElement || null;
    return this.#run((address) => globalThis.pictrace.choose(address), url);
  }

  /** Let the user choose; null where they leave. */
  pick(texts) {
    return this.#inFront(() => this.#run((words) => globalThis.pictrace.pick(words), texts));
  }

  /** The chosen picture's bytes as {blob, shrunk}, or null where the page may not read them either. */
  async read({ max_bytes: maxBytes, max_pixels: maxPixels, max_source_pixels: maxSourcePixels }) {
    const found = await this.#run((limits) => globalThis.pictrace.read(limits), { maxBytes, maxPixels, maxSourcePixels });
    return found && { blob: await fromDataUrl(found.dataUrl), shrunk: found.shrunk };
  }

  /** The chosen picture as it is to be seen, or null where it is not, or lies in a frame whose place is not known. */
  capture() {
    return this.#inFront(async () => {
      const place = (await this.#box()) ?? (await this.#boxFromAbove());
      return place ? this.#captured(place) : null;
    });
  }

  /** Where the chosen picture lies in the tab; null where only a frame around this one would know. */
  async #box() {
    const place = await this.#run(() => globalThis.pictrace.box());
    return place?.isTop ? place : null;
  }

  /** The same as the whole tab sees it, which looks into frames of its own origin. */
  async #boxFromAbove() {
    if (!this.at.frameId || !this.url) return null;
    const top = new Page({ tabId: this.at.tabId, windowId: this.windowId });
    return (await top.choose({ url: this.url })) && top.#box();
  }

  /** A small picture of the chosen one where it is in view, as a data URL, or null; nothing is moved for it. */
  async glimpse() {
    const tab = await browser.tab(this.at.tabId);
    const place = tab.active && (await this.#run(() => globalThis.pictrace.place()));
    const blob = place?.isTop && (await this.#captured(place));
    return blob ? thumbnail(await toDataUrl(blob)) : null;
  }

  /** What the user draws a rectangle around; null where they leave. */
  area(sentence) {
    return this.#inFront(async () => {
      const place = await this.#run((text) => globalThis.pictrace.area(text), sentence);
      return place && this.#captured(place);
    });
  }

  async #captured({ box, viewport }) {
    const capture = () => browser.capture(this.windowId);
    // Browsers allow two captures a second.
    const later = () => new Promise((resolve) => setTimeout(resolve, 700)).then(capture);
    const shown = await capture()
      .catch(later)
      .catch((error) => {
        throw new Unreadable(error.message);
      });
    return cropped(shown, box, viewport);
  }

  async #run(func, ...args) {
    try {
      await browser.loadIntoPage(this.at, SCRIPTS);
      return await browser.runInPage(this.at, func, ...args);
    } catch (error) {
      throw new Unreadable(error.message);
    }
  }

  /** While something is done that needs the tab to be seen; a tab with our own page in it comes back after. */
  async #inFront(act) {
    const [tab, own] = await Promise.all([browser.tab(this.at.tabId).catch(() => null), browser.ownTab()]);
    if (!tab) throw new Unreadable("the tab is closed");
    if (!tab.active) await browser.showTab(tab.id);
    try {
      return await act();
    } finally {
      if (own) await browser.showTab(own.id);
    }
  }
}
