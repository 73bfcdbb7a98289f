// Makes pictures small enough. A classic script, for the pages that the extension loads it into; modules import the same.
globalThis.pictraceShrink ??= {
  /** A JPEG of at most `side` pixels, on white where the picture is transparent. */
  drawn(bitmap, side, quality = 0.92) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return canvas.convertToBlob({ type: "image/jpeg", quality });
  },

  /**
   * The same bytes where they are within the limits, or where the browser cannot read them; else the picture made smaller.
   * Of a JPEG the server takes `maxSourcePixels`: it decodes it at a smaller size. Older servers do not say so.
   */
  async within(blob, { maxBytes, maxPixels: maxDecoded = Infinity, maxSourcePixels = maxDecoded }) {
    const maxPixels = blob.type === "image/jpeg" ? maxSourcePixels : maxDecoded;
    if (blob.size <= maxBytes && maxPixels === Infinity) return blob;
    const bitmap = await createImageBitmap(blob).catch(() => null);
    if (!bitmap) return blob;
    const { width, height } = bitmap;
    if (blob.size <= maxBytes && width * height <= maxPixels) return blob;
    const fits = Math.min(1, Math.sqrt(maxPixels / (width * height)));
    for (let side = Math.floor(Math.max(width, height) * fits); side >= 64; side = Math.floor(side * 0.7)) {
      const smaller = await this.drawn(bitmap, side);
      if (smaller.size <= maxBytes) return smaller;
    }
    return blob;
  },
};
