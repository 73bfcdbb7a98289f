// How one picture is laid on another: what takes its corners to where they lie in the other, in shares of both.

/** @typedef {[number, number]} Point */
/** Rows of a projective map of the plane. @typedef {[number, number, number, number, number, number, number, number, number]} Map */

/** @type {Map} */
const AS_IT_IS = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/**
 * What takes the corners of a picture, from the upper left clockwise, to an outline.
 * @param {Point[] | null} outline
 * @returns {Map}
 */
export function onto(outline) {
  if (!outline) return AS_IT_IS;
  const [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = outline;
  const [rightX, rightY, leftX, leftY] = [bx - cx, by - cy, dx - cx, dy - cy];
  const [sumX, sumY] = [ax - bx + cx - dx, ay - by + cy - dy];
  const area = rightX * leftY - leftX * rightY;
  if (Math.abs(area) < 1e-9) return AS_IT_IS;
  const g = (sumX * leftY - leftX * sumY) / area;
  const k = (rightX * sumY - sumX * rightY) / area;
  return [bx - ax + g * bx, dx - ax + k * dx, ax, by - ay + g * by, dy - ay + k * dy, ay, g, k, 1];
}

/**
 * The way back.
 * @param {Map} map
 * @returns {Map}
 */
export function inverse([a, b, c, d, e, f, g, k, i]) {
  return [e * i - f * k, c * k - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * k - e * g, b * g - a * k, a * e - b * d];
}

/**
 * @param {Map} map
 * @param {Point} point
 * @returns {Point}
 */
export function mapped([a, b, c, d, e, f, g, k, i], [x, y]) {
  const depth = g * x + k * y + i;
  return [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth];
}

/**
 * For the style of an element that covers a frame of this size, its origin at the upper left.
 * @param {Map} map
 * @param {number} width
 * @param {number} height
 */
export function transform([a, b, c, d, e, f, g, k, i], width, height) {
  const down = [a, (d * height) / width, g / width, (b * width) / height, e, k / height, c * width, f * height, i];
  const [m0, m1, m3, m4, m5, m7, m12, m13, m15] = down;
  return `matrix3d(${[m0, m1, 0, m3, m4, m5, 0, m7, 0, 0, 1, 0, m12, m13, 0, m15].join(",")})`;
}
