// How a picture lies on a stage: its scale, and how far its middle is from the stage's. Arithmetic only.

const MOST = 8; // screen pixels for one of the picture's, or times the size that fits

/**
 * @typedef {{ width: number, height: number }} Size
 * @typedef {{ scale: number, x: number, y: number }} View
 */

/**
 * The scale at which all of a picture is to be seen, none being made larger than it is.
 * @param {Size} picture
 * @param {Size} stage
 */
export function fittingScale(picture, stage) {
  return Math.min(stage.width / picture.width, stage.height / picture.height, 1);
}

/**
 * Larger or smaller by a factor; the point, measured from the stage's middle, stays where it is.
 * @param {View} view
 * @param {number} factor
 * @param {{ x: number, y: number }} point
 * @param {{ picture: Size, stage: Size }} sizes
 */
export function zoomed(view, factor, point, sizes) {
  const fit = fittingScale(sizes.picture, sizes.stage);
  const scale = Math.min(Math.max(view.scale * factor, fit), Math.max(MOST, MOST * fit));
  const ratio = scale / view.scale;
  return bounded({ scale, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio }, sizes);
}

/**
 * The picture covers the stage where it is larger than that, and lies in its middle where it is not.
 * @param {View} view
 * @param {{ picture: Size, stage: Size }} sizes
 */
export function bounded({ scale, x, y }, { picture, stage }) {
  const within = (value, long, room) => {
    const most = Math.max(0, (long * scale - room) / 2);
    return Math.min(Math.max(value, -most), most);
  };
  return { scale, x: within(x, picture.width, stage.width), y: within(y, picture.height, stage.height) };
}
