// Small pictures of a long list: a few are loaded at once, and what has been scrolled past is given up.
import * as api from "./api.js";

const AT_ONCE = 8;

export class Thumbnails {
  constructor() {
    /** @type {Map<HTMLImageElement, string>} those that wait, by their paths */
    this.waiting = new Map();
    /** @type {Map<HTMLImageElement, AbortController>} */
    this.loading = new Map();
  }

  /**
   * Show the picture at a path as soon as there is a place.
   * @param {HTMLImageElement} image
   * @param {string} path
   */
  show(image, path) {
    this.waiting.set(image, path);
    this.#next();
  }

  /**
   * It is not to be seen any more.
   * @param {HTMLImageElement} image
   */
  drop(image) {
    this.waiting.delete(image);
    const cancel = this.loading.get(image);
    if (!cancel) return;
    cancel.abort();
    image.removeAttribute("src"); // or else the browser loads it to its end
  }

  #next() {
    for (const [image, path] of this.waiting) {
      if (this.loading.size >= AT_ONCE) return;
      this.waiting.delete(image);
      this.#load(image, path);
    }
  }

  async #load(image, path) {
    const cancel = new AbortController();
    this.loading.set(image, cancel);
    let release = () => {};
    try {
      const { url, release: free } = await api.address(path, { signal: cancel.signal });
      release = free;
      await loaded(image, url, cancel.signal);
    } catch (error) {
      if (!cancel.signal.aborted && error.name !== "AbortError") image.dispatchEvent(new Event("failed"));
    } finally {
      release();
      this.loading.delete(image);
      this.#next();
    }
  }
}

/** Until an image shows what is at an address. */
function loaded(image, url, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const how = { once: true, signal };
    image.addEventListener("load", resolve, how);
    image.addEventListener("error", () => reject(new Error("no picture")), how);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    image.src = url;
  });
}
