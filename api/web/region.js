// A part of a picture, in shares of its width and height: read, written, drawn, moved and resized.

/** @typedef {import("./shared/match.js").Region} Region */

const UNITS = 10_000; // to a side, as addresses hold it
const LEAST = 0.04; // of a side
export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/**
 * What an address says, `x,y,width,height`; nothing where that is no part of a picture.
 * @param {string | null} text
 * @returns {Region | null}
 */
export function parsed(text) {
  const numbers = (text ?? "").split(",").map((number) => (/^\d*\.?\d+$/.test(number) ? Number(number) : NaN));
  if (numbers.length !== 4 || numbers.some(Number.isNaN)) return null;
  const [x, y, width, height] = numbers;
  const isInside = width > 0 && height > 0 && x + width <= 1 + 1 / UNITS && y + height <= 1 + 1 / UNITS;
  return isInside ? { x, y, width, height } : null;
}

/**
 * For an address, and for the server: rounded, and never beyond the picture.
 * @param {Region} region
 */
export function written({ x, y, width, height }) {
  const [left, top] = [x, y].map((share) => Math.min(Math.round(share * UNITS), UNITS - 1));
  const side = (start, length) => Math.max(1, Math.min(Math.round(length * UNITS), UNITS - start));
  return [left, top, side(left, width), side(top, height)].map((units) => units / UNITS).join(",");
}

/**
 * Whether two are the same part; none is the whole picture.
 * @param {Region | null | undefined} one
 * @param {Region | null | undefined} other
 */
export function isSamePart(one, other) {
  return (one ? written(one) : "") === (other ? written(other) : "");
}

/**
 * The rectangle between two corners; outside the picture nothing is drawn.
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @returns {Region}
 */
export function between(from, to) {
  const [[left, right], [top, bottom]] = [0, 1].map((axis) => [from[axis], to[axis]].map(inside).sort((a, b) => a - b));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * Too small to have been meant.
 * @param {Region} region
 */
export function isTiny({ width, height }) {
  return width < LEAST || height < LEAST;
}

/**
 * @param {Region} region
 * @param {number} right
 * @param {number} down
 * @returns {Region}
 */
export function moved({ x, y, width, height }, right, down) {
  return { x: clamp(x + right, 0, 1 - width), y: clamp(y + down, 0, 1 - height), width, height };
}

/**
 * One of the HANDLES is dragged; the sides that it does not touch stay.
 * @param {Region} region
 * @param {string} handle
 * @param {number} right
 * @param {number} down
 * @returns {Region}
 */
export function resized({ x, y, width, height }, handle, right, down) {
  let [left, top, far, bottom] = [x, y, x + width, y + height];
  if (handle.includes("w")) left = clamp(left + right, 0, far - LEAST);
  if (handle.includes("e")) far = clamp(far + right, left + LEAST, 1);
  if (handle.includes("n")) top = clamp(top + down, 0, bottom - LEAST);
  if (handle.includes("s")) bottom = clamp(bottom + down, top + LEAST, 1);
  return { x: left, y: top, width: far - left, height: bottom - top };
}

function inside(share) {
  return clamp(share, 0, 1);
}

function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}
