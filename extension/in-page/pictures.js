// Runs in a page after a click of the user's: which pictures are there, where, and by which addresses.
// A classic script: what it offers is in `globalThis.pictrace`, which the page itself cannot see.
(() => {
  if (globalThis.pictrace) return;

  const LAZY = ["data-src", "data-original", "data-lazy-src", "data-lazy", "data-full", "data-image"];
  const MOST_ELEMENTS = 30_000;
  const SMALLEST = 16; // CSS pixels

  /** Candidates of a srcset as [address, size], where size is a width or a density. */
  function candidates(srcset) {
    const found = [];
    const pattern = /\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s+([\d.]+)([wxh])[^,]*)?\s*(?:,|$)/g;
    for (const [, address, size, unit] of (srcset ?? "").matchAll(pattern)) {
      found.push([address, unit === "h" ? 1 : Number(size ?? 1)]);
    }
    return found;
  }

  const largest = (srcset) => candidates(srcset).sort(([, a], [, b]) => b - a)[0]?.[0];

  function absolute(address, base) {
    try {
      return new URL(address, base).href;
    } catch {
      return null;
    }
  }

  /** The addresses in a CSS image value, the densest of an image-set first. */
  function addressesOf(value) {
    const found = [];
    for (const [, quoted, bare, density] of value.matchAll(/url\((?:"((?:[^"\\]|\\.)*)"|([^)"]*))\)(?:\s+([\d.]+)(?:x|dppx))?/g)) {
      found.push([(quoted ?? bare).replace(/\\(.)/g, "$1"), Number(density ?? 1)]);
    }
    return found.sort(([, a], [, b]) => b - a).map(([address]) => address);
  }

  /** An <img>'s addresses, the largest first. */
  function addressesOfImage(image) {
    const sources = image.parentElement?.localName === "picture" ? [...image.parentElement.querySelectorAll("source")] : [];
    // Of a <picture>'s sources only those of the kind that the browser took: others may be another picture.
    const chosen = sources.filter((source) => candidates(source.srcset).some(([one]) => absolute(one, image.baseURI) === image.currentSrc));
    const isPlaceholder = !image.currentSrc || image.naturalWidth <= 2 || image.currentSrc.startsWith("data:");
    const lazy = isPlaceholder ? [largest(image.getAttribute("data-srcset")), ...LAZY.map((name) => image.getAttribute(name))] : [];
    return [...lazy, ...chosen.map((source) => largest(source.srcset)), largest(image.srcset), image.currentSrc, image.src];
  }

  /** Every element, through open shadow roots and frames of the same origin; `x`, `y`: where its frame lies. */
  function* elements(root, x = 0, y = 0) {
    for (const element of root.querySelectorAll("*")) {
      yield { element, x, y };
      if (element.shadowRoot) yield* elements(element.shadowRoot, x, y);
      if (element.localName === "iframe" || element.localName === "frame") {
        let inner = null;
        try {
          inner = element.contentDocument;
        } catch {
          // Another origin's.
        }
        if (inner) {
          const box = element.getBoundingClientRect();
          yield* elements(inner, x + box.left + element.clientLeft, y + box.top + element.clientTop);
        }
      }
    }
  }

  /** What an element shows of pictures: null, or {kind, addresses}. */
  function shownBy(element) {
    switch (element.localName) {
      case "img":
        return { kind: "image", addresses: addressesOfImage(element) };
      case "image":
        return { kind: "image", addresses: [element.href?.baseVal ?? element.getAttribute("href")] };
      case "input":
        return element.type === "image" ? { kind: "image", addresses: [element.src] } : null;
      case "object":
      case "embed":
        return /^image\//.test(element.type) ? { kind: "image", addresses: [element.data ?? element.src] } : null;
      case "canvas":
        return { kind: "canvas", addresses: [] };
      case "video":
        return { kind: "video", addresses: [element.poster] };
    }
    const addresses = [null, "::before", "::after"].flatMap((pseudo) => {
      const value = getComputedStyle(element, pseudo).backgroundImage;
      return value.includes("url(") ? addressesOf(value) : [];
    });
    return addresses.length ? { kind: "background", addresses } : null;
  }

  /** All pictures, in the order of the page; the last lies on top. */
  function all() {
    const found = [];
    let seen = 0;
    for (const { element, x, y } of elements(document)) {
      if ((seen += 1) > MOST_ELEMENTS) break;
      const shown = shownBy(element);
      if (!shown) continue;
      const box = element.getBoundingClientRect();
      if (box.width < SMALLEST || box.height < SMALLEST) continue;
      if (element.checkVisibility && !element.checkVisibility({ visibilityProperty: true })) continue;
      const addresses = [...new Set(shown.addresses.filter(Boolean).map((one) => absolute(one, element.baseURI)).filter(Boolean))];
      found.push({ element, kind: shown.kind, addresses, x, y });
    }
    return found;
  }

  /** Where a picture lies in the window of this frame, as far as its frames tell. */
  function boxOf({ element, x, y }) {
    const box = element.getBoundingClientRect();
    return { x: box.left + x, y: box.top + y, width: box.width, height: box.height };
  }

  const holds = (box, x, y) => x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;

  /**
   * Elements under the pointer, through shadow roots and frames.
   * @param {Document | ShadowRoot} root
   */
  function hovered(root = document) {
    const found = new Set();
    for (const element of root.querySelectorAll(":hover")) {
      found.add(element);
      if (element.shadowRoot) for (const inner of hovered(element.shadowRoot)) found.add(inner);
      try {
        const { contentDocument } = /** @type {HTMLIFrameElement} */ (element);
        if (contentDocument) for (const inner of hovered(contentDocument)) found.add(inner);
      } catch {
        // Another origin's.
      }
    }
    return found;
  }

  /** The picture that the pointer rests on, or null. Where it is, only the chain of hovered elements tells. */
  function underPointer(pictures) {
    const chain = hovered();
    const smallest = (some) => some.sort((a, b) => area(boxOf(a)) - area(boxOf(b)))[0] ?? null;
    const hoveredOnes = pictures.filter(({ element }) => chain.has(element));
    const drawn = hoveredOnes.filter(({ kind }) => kind !== "background");
    if (hoveredOnes.length) return smallest(drawn.length ? drawn : hoveredOnes);
    const innermost = [...chain].at(-1);
    if (!innermost || innermost === document.documentElement || innermost === document.body) return null;
    // A frame around just one picture means that one; something transparent means what lies under its middle.
    const inside = pictures.filter(({ element }) => innermost.contains(element));
    if (inside.length === 1) return inside[0];
    const box = innermost.getBoundingClientRect();
    const middle = [box.left + box.width / 2, box.top + box.height / 2];
    return pictures.filter((picture) => holds(boxOf(picture), ...middle)).at(-1) ?? null;
  }

  const area = ({ width, height }) => width * height;

  /** The picture that a click on an image was meant for. */
  function byAddress(address) {
    const pictures = all();
    const same = pictures.filter(({ element, addresses }) => element.currentSrc === address || addresses.includes(address));
    const chain = hovered();
    const visible = ({ x, y, width, height }) => x + width > 0 && y + height > 0 && x < innerWidth && y < innerHeight;
    return same.find(({ element }) => chain.has(element)) ?? same.find((one) => visible(boxOf(one))) ?? same[0] ?? null;
  }

  /** What is told of a picture: its addresses, and its own size where the browser knows it. */
  function told(picture) {
    if (!picture) return null;
    const { element, kind, addresses } = picture;
    const width = element.naturalWidth || element.videoWidth || (kind === "canvas" ? element.width : 0);
    const height = element.naturalHeight || element.videoHeight || (kind === "canvas" ? element.height : 0);
    return { kind, addresses, width, height, alt: element.getAttribute("alt") ?? "" };
  }

  globalThis.pictrace = {
    chosen: null, // the picture that the following calls are about
    all,
    boxOf,
    told,
    holds,
    underPointer,
    candidates,
    addressesOf,

    /** Choose by the address that the browser gave for a click. */
    choose(address) {
      this.chosen = byAddress(address);
      return told(this.chosen);
    },

    /** Choose by the element of a click, where the browser tells it (Firefox). */
    chooseElement(id) {
      const target = (globalThis.browser ?? globalThis.chrome)?.menus?.getTargetElement?.(id);
      if (!target) return null;
      const pictures = all();
      const box = target.getBoundingClientRect();
      const middle = [box.left + box.width / 2, box.top + box.height / 2];
      const inside = pictures.filter(({ element }) => element === target || target.contains(element));
      const above = pictures.filter(({ element }) => element.contains(target));
      const below = pictures.filter((picture) => holds(boxOf(picture), ...middle));
      this.chosen = inside.length === 1 || inside[0]?.element === target ? inside[0] : (above.at(-1) ?? below.at(-1) ?? null);
      return told(this.chosen);
    },

    /** Where the chosen picture is to be seen, brought into view first; null where it is not. */
    async box() {
      const { chosen } = this;
      if (!chosen?.element.isConnected) return null;
      const before = boxOf(chosen);
      if (before.y < 0 || before.x < 0 || before.y + before.height > innerHeight || before.x + before.width > innerWidth) {
        chosen.element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      }
      await new Promise((resolve) => setTimeout(resolve, 60)); // until it is drawn there
      return this.place();
    },

    /** Where the chosen picture lies. */
    place() {
      if (!this.chosen?.element.isConnected) return null;
      return { box: boxOf(this.chosen), viewport: { width: innerWidth, height: innerHeight }, isTop: window === window.top };
    },
  };
})();
