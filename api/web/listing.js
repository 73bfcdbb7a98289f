// The entries of a long listing, fetched in parts as they are wanted; only the parts wanted last are kept.

const PART = 100;
const KEPT = 20; // parts
const AT_ONCE = 200; // the most that the server gives in one answer
const PAUSE_MS = 3000; // after a part that could not be had

/**
 * One part of a listing, from `offset` on.
 * @typedef {(offset: number, limit: number, signal?: AbortSignal) => Promise<{ images: any[], total: number | null }>} Read
 */

export class Listing {
  /**
   * `arrived()` is called when there is reason to look again, `failed(error)` when a part could not be had.
   * @param {Read} read
   * @param {{ arrived?: () => void, failed?: (error: any) => void }} tell
   */
  constructor(read, { arrived = () => {}, failed = () => {} } = {}) {
    this.read = read;
    this.arrived = arrived;
    this.failed = failed;
    this.total = null;
    /** @type {Map<number, any[]>} by their number, those wanted last at the end */
    this.parts = new Map();
    /** @type {Map<number, AbortController>} */
    this.coming = new Map();
    this.error = null; // why a part could not be had, until one could
    this.pauseUntil = 0;
  }

  /** The entry at a place, or undefined where it is not at hand. */
  at(offset) {
    return this.parts.get(Math.floor(offset / PART))?.[offset % PART];
  }

  /** Fetch what is not at hand of these; what is on its way and not among them is given up. */
  async want(first, end) {
    const numbers = [];
    for (let number = Math.floor(first / PART); number * PART < end; number += 1) numbers.push(number);
    for (const [number, cancel] of this.coming) {
      if (numbers.includes(number)) continue;
      cancel.abort();
      this.coming.delete(number);
    }
    await Promise.all(numbers.map((number) => this.#have(number)));
  }

  /** Nothing more is fetched for it. */
  stop() {
    for (const cancel of this.coming.values()) cancel.abort();
  }

  /** All entries from one place to before another, in order: those at hand, the others from the server. */
  async between(first, end) {
    const found = [];
    let offset = first;
    while (offset < end) {
      const known = this.at(offset);
      if (known) {
        found.push(known);
        offset += 1;
      } else {
        const { images } = await this.read(offset, Math.min(AT_ONCE, end - offset));
        if (!images.length) break;
        found.push(...images);
        offset += images.length;
      }
    }
    return found;
  }

  async #have(number) {
    const known = this.parts.get(number);
    if (known) {
      this.#keep(number, known);
      return;
    }
    if (this.coming.has(number) || Date.now() < this.pauseUntil) return;
    const cancel = new AbortController();
    this.coming.set(number, cancel);
    try {
      const { images, total } = await this.read(number * PART, PART, cancel.signal);
      if (cancel.signal.aborted) return;
      this.total = total ?? this.total;
      this.error = null;
      this.#keep(number, images);
      this.coming.delete(number);
      this.arrived();
    } catch (error) {
      if (error.name === "AbortError") return;
      const pause = error.retryAfter ? error.retryAfter * 1000 : PAUSE_MS;
      this.pauseUntil = Date.now() + pause;
      setTimeout(() => this.arrived(), pause); // to be asked again for what is still wanted
      const isNew = this.error?.code !== error.code;
      this.error = error;
      if (isNew) this.failed(error);
    } finally {
      if (this.coming.get(number) === cancel) this.coming.delete(number);
    }
  }

  #keep(number, entries) {
    this.parts.delete(number);
    this.parts.set(number, entries);
    for (const oldest of this.parts.keys()) {
      if (this.parts.size <= KEPT) break;
      this.parts.delete(oldest);
    }
  }
}
