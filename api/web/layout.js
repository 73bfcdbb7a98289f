// Where each picture and each heading of a gallery lies: arithmetic only, so that no more than what is seen need be drawn.

/**
 * Pictures that follow each other below one heading, or below none.
 * @typedef {{ key: string, label: string | null, count: number }} Section
 */

/**
 * In pixels: `width` of all, `least` of a picture's sides, `gap` between them, `caption` below each, `heading` above a section.
 * @typedef {{ width: number, least: number, gap: number, caption: number, heading: number }} Measures
 */

export class Layout {
  /**
   * @param {Section[]} sections
   * @param {Measures} measures
   */
  constructor(sections, { width, least, gap, caption, heading }) {
    this.gap = gap;
    this.columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
    this.side = Math.max(least / 2, Math.floor((width - gap * (this.columns - 1)) / this.columns));
    this.rowHeight = this.side + caption + gap;
    this.total = 0;
    this.height = 0;
    this.sections = sections.map(({ key, label, count }) => {
      const first = this.total;
      const top = this.height;
      const rowsTop = top + (label === null ? 0 : heading);
      this.total += count;
      this.height = rowsTop + Math.ceil(count / this.columns) * this.rowHeight;
      return { key, label, first, end: this.total, top, rowsTop, bottom: this.height };
    });
  }

  /** The section that a picture is in, by its place in the whole listing. */
  sectionOf(offset) {
    return this.#firstWhere((section) => section.end > offset);
  }

  /** The upper left corner of a picture. */
  cornerOf(offset) {
    const { first, rowsTop } = this.sectionOf(offset);
    const row = Math.floor((offset - first) / this.columns);
    const column = (offset - first) % this.columns;
    return { left: column * (this.side + this.gap), top: rowsTop + row * this.rowHeight };
  }

  /** The first picture of the first row that ends below a height; null below the last row. */
  firstBelow(height) {
    const section = this.#firstWhere(({ bottom }) => bottom > height);
    if (!section) return null;
    const row = Math.max(0, Math.floor((height - section.rowsTop) / this.rowHeight));
    return section.first + row * this.columns;
  }

  /** The pictures that are to be seen between two heights: the first, and the one after the last. */
  between(top, bottom) {
    const first = this.firstBelow(top);
    if (first === null || bottom <= 0) return { first: 0, end: 0 };
    const last = this.firstBelow(bottom);
    if (last === null) return { first, end: this.total };
    return { first, end: Math.min(this.sectionOf(last).end, last + this.columns) };
  }

  /** The picture `rows` rows further down (up where it is negative) in the same column, or else the nearest to it. */
  vertically(offset, rows) {
    let { first, end } = this.sectionOf(offset);
    const column = (offset - first) % this.columns;
    let start = offset - column; // of the row
    for (let left = Math.abs(rows); left > 0; left -= 1) {
      const next = rows > 0 ? Math.min(end, start + this.columns) : start - 1;
      if (next < 0 || next >= this.total) break;
      ({ first, end } = this.sectionOf(next));
      start = next - ((next - first) % this.columns);
    }
    return Math.min(start + column, end - 1);
  }

  /** Sections come in order: the first for which something is true, and is for all that follow. */
  #firstWhere(isTrue) {
    let [low, high] = [0, this.sections.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isTrue(this.sections[middle])) high = middle;
      else low = middle + 1;
    }
    return this.sections[low];
  }
}
