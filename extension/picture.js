// Pictures in the extension's own pages: made smaller, cut out, turned into text and back.
import "./shared/shrink.js";

const shrink = globalThis.pictraceShrink;
const KEPT_BYTES = 4_000_000; // of a picture in the session's storage, which holds 10 MB of text
const KEPT_SIDE = 2560;
const THUMBNAIL_SIDE = 256;

export function toDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

export async function fromDataUrl(url) {
  return (await fetch(url)).blob();
}

/** Within the server's limits, `max_bytes`, `max_pixels` and, of a JPEG, `max_source_pixels`. */
export function fitting(blob, limits) {
  return shrink.within(blob, { maxBytes: limits.max_bytes, maxPixels: limits.max_pixels, maxSourcePixels: limits.max_source_pixels });
}

/** What can be kept while the panel closes and opens, as a data URL; null where nothing can. */
export async function keepable(blob) {
  if (blob.size <= KEPT_BYTES) return toDataUrl(blob);
  const bitmap = await createImageBitmap(blob).catch(() => null);
  const smaller = bitmap && (await shrink.drawn(bitmap, KEPT_SIDE));
  return smaller && smaller.size <= KEPT_BYTES ? toDataUrl(smaller) : null;
}

/** For the history: a small JPEG as a data URL. */
export async function thumbnail(dataUrl) {
  const bitmap = await createImageBitmap(await fromDataUrl(dataUrl)).catch(() => null);
  return bitmap ? toDataUrl(await shrink.drawn(bitmap, THUMBNAIL_SIDE, 0.8)) : null;
}

/**
 * The part of a tab's capture that a box takes, or null where too little of it is to be seen. `box` and `viewport` in
 * the page's own pixels: the capture has others on screens of high density, and with zoom.
 */
export async function cropped(capture, box, viewport) {
  const bitmap = await createImageBitmap(await fromDataUrl(capture));
  const scale = bitmap.width / viewport.width;
  const left = Math.max(0, Math.round(box.x * scale));
  const top = Math.max(0, Math.round(box.y * scale));
  const width = Math.min(bitmap.width, Math.round((box.x + box.width) * scale)) - left;
  const height = Math.min(bitmap.height, Math.round((box.y + box.height) * scale)) - top;
  if (width < 16 || height < 16) return null;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").drawImage(bitmap, left, top, width, height, 0, 0, width, height);
  return canvas.convertToBlob({ type: "image/png" });
}
