// Runs in a page after a click of the user's: the bytes of the chosen picture, as far as the page itself may read them.
(() => {
  const { pictrace } = globalThis;
  if (!pictrace || pictrace.read) return;

  async function fetched(address) {
    // The page's own cookies go to its own origin only.
    const response = await fetch(address, { credentials: "same-origin", referrerPolicy: "strict-origin-when-cross-origin" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const blob = await response.blob();
    if (!blob.type.startsWith("image/") && !(await createImageBitmap(blob).catch(() => null))) throw new Error("not a picture");
    return blob;
  }

  /** What an element shows, drawn anew; throws where it is another origin's. */
  function drawn(source, width, height) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(source, 0, 0, width, height);
    return new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("nothing drawn"))), "image/png");
    });
  }

  async function bytesOf({ element, kind, addresses }) {
    if (kind === "canvas") return drawn(element, element.width, element.height);
    for (const address of addresses) {
      try {
        return await fetched(address);
      } catch {
        // The next one, or what is drawn.
      }
    }
    if (kind === "video" && element.videoWidth) return drawn(element, element.videoWidth, element.videoHeight);
    if (kind === "image" && element.naturalWidth) return drawn(element, element.naturalWidth, element.naturalHeight);
    throw new Error("not readable");
  }

  /** {dataUrl, shrunk} of the chosen picture within the limits, or null where the page may not read it. */
  pictrace.read = async (limits) => {
    if (!pictrace.chosen) return null;
    let blob;
    try {
      blob = await bytesOf(pictrace.chosen);
    } catch {
      return null;
    }
    const fitting = await globalThis.pictraceShrink.within(blob, limits);
    const dataUrl = await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.addEventListener("load", () => resolve(reader.result));
      reader.addEventListener("error", () => reject(reader.error));
      reader.readAsDataURL(fitting);
    });
    return { dataUrl, shrunk: fitting !== blob };
  };
})();
