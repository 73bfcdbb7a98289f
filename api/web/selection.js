// Which pictures of a listing are selected.

export const MOST = 10_000;

export class Selection {
  /** @param {() => void} changed */
  constructor(changed = () => {}) {
    this.changed = changed;
    /** @type {Map<number, number>} ids with their places in the listing */
    this.chosen = new Map();
    this.before = this.chosen; // what was selected before a range was begun
    /** @type {number | null} the place that a range begins at */
    this.anchor = null;
  }

  get size() {
    return this.chosen.size;
  }

  has(id) {
    return this.chosen.has(id);
  }

  /** In the order of the listing. */
  ids() {
    return [...this.chosen].sort(([, one], [, other]) => one - other).map(([id]) => id);
  }

  /** Select one, or no longer; ranges begin here from now on. */
  toggle(id, offset) {
    const chosen = new Map(this.chosen);
    if (!chosen.delete(id)) {
      if (chosen.size >= MOST) return false;
      chosen.set(id, offset);
    }
    this.before = chosen;
    this.anchor = offset;
    this.#become(chosen);
    return true;
  }

  /** Where a range to this place begins and ends; the end is the place after the last, and no more are taken than may be. */
  rangeTo(offset) {
    const anchor = this.anchor ?? offset;
    const room = MOST - this.before.size;
    return anchor <= offset
      ? { first: anchor, end: Math.min(offset + 1, anchor + room) }
      : { first: Math.max(offset, anchor + 1 - room), end: anchor + 1 };
  }

  /**
   * Select a range in addition to what was selected before it: the one that began at the same place is replaced.
   * @param {number[]} ids
   * @param {number} first
   */
  extend(ids, first) {
    this.anchor ??= first;
    const chosen = new Map(this.before);
    ids.forEach((id, index) => {
      if (chosen.size < MOST) chosen.set(id, first + index);
    });
    this.#become(chosen);
  }

  /** These and no others. */
  replace(ids) {
    this.before = new Map();
    this.anchor = 0;
    this.extend(ids, 0);
    this.before = this.chosen;
  }

  /** The listing has become longer (or shorter) above what is selected. */
  shift(by) {
    if (!by) return;
    const moved = (places) => new Map([...places].map(([id, offset]) => [id, offset + by]));
    [this.before, this.chosen] = [moved(this.before), moved(this.chosen)];
    if (this.anchor !== null) this.anchor = Math.max(0, this.anchor + by);
  }

  clear() {
    this.before = new Map();
    this.anchor = null;
    if (this.size) this.#become(new Map());
  }

  #become(chosen) {
    this.chosen = chosen;
    this.changed();
  }
}
