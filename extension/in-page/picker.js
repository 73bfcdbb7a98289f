// Runs in a page after a click of the user's: outlines its pictures and lets one be chosen, by mouse, finger or keyboard.
(() => {
  const { pictrace } = globalThis;
  if (!pictrace || pictrace.pick) return;

  const STYLE = `
    :host { all: initial; position: fixed; inset: 0; z-index: 2147483647; cursor: crosshair; }
    svg { position: absolute; inset: 0; width: 100%; height: 100%; }
    rect { fill: rgb(255 106 31 / 6%); stroke: #ff6a1f; stroke-width: 2; stroke-dasharray: 6 4; }
    rect.under { fill: none; stroke: #fff; stroke-width: 4; stroke-dasharray: none; opacity: 0.7; }
    rect.chosen { fill: rgb(255 106 31 / 22%); stroke-width: 4; stroke-dasharray: none; }
    p { position: absolute; inset: 12px 12px auto; width: fit-content; margin: 0 auto; text-wrap: balance;
        box-sizing: border-box; padding: 10px 16px; border-radius: 10px; background: #1d1f23; color: #fff;
        font: 15px/1.4 system-ui, sans-serif; box-shadow: 0 4px 18px rgb(0 0 0 / 40%); }
  `;

  /** A cover over the window, in a shadow root that the page cannot reach into. */
  pictrace.cover = (sentence) => {
    const host = document.createElement("div");
    host.setAttribute("role", "application");
    host.setAttribute("aria-label", sentence);
    host.tabIndex = -1;
    const root = host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet(); // a page's policy may forbid style elements
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const hint = document.createElement("p");
    hint.setAttribute("role", "status");
    hint.textContent = sentence;
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    drawing.setAttribute("aria-hidden", "true");
    root.append(drawing, hint);
    // Where a dialog or a full-screen element is open, only what is in the top layer lies above it.
    host.popover = "manual";
    document.documentElement.append(host);
    host.style.cssText = "display: block; margin: 0; border: 0; padding: 0; width: auto; height: auto; background: transparent;";
    host.showPopover?.();
    host.focus({ preventScroll: true });
    return { host, drawing, say: (text) => (hint.textContent = text) };
  };

  const rect = (drawing, { x, y, width, height }, name = "") => {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({ x, y, width, height, class: name })) drawn.setAttribute(key, value);
    drawing.append(drawn);
  };
  pictrace.outline = (drawing, box, name) => {
    rect(drawing, box, "under");
    rect(drawing, box, name);
  };

  /**
   * What was chosen, as `told`; null where the user left. `texts`: pick, none, capture. Where no picture is found and a
   * capture is offered, `{ wantsArea: true }` is what a click or Enter answers.
   */
  pictrace.pick = (texts) =>
    new Promise((resolve) => {
      pictrace.leave?.(); // a picker that is still open
      const pictures = pictrace.all();
      const first = pictrace.underPointer(pictures);
      let at = pictures.indexOf(first);
      const offersArea = !pictures.length && texts.capture;
      const { host, drawing } = pictrace.cover(pictures.length ? texts.pick : texts.capture || texts.none);

      const draw = () => {
        drawing.replaceChildren();
        for (const picture of pictures) if (picture !== pictures[at]) rect(drawing, pictrace.boxOf(picture));
        if (pictures[at]) pictrace.outline(drawing, pictrace.boxOf(pictures[at]), "chosen");
      };
      const end = (picture, answer = pictrace.told(picture)) => {
        for (const [target, event, listener] of listening) target.removeEventListener(event, listener, true);
        host.remove();
        pictrace.leave = null;
        pictrace.chosen = picture;
        resolve(answer);
      };
      const point = ({ type, clientX, clientY, movementX, movementY }) => {
        // The browser itself tells of a move when what lies under a resting pointer changes.
        if (type === "pointermove" && !movementX && !movementY) return;
        // Of nested pictures the smallest, of those on each other the upper.
        const under = pictures.filter((one) => pictrace.holds(pictrace.boxOf(one), clientX, clientY));
        const size = (one) => pictrace.boxOf(one).width * pictrace.boxOf(one).height;
        const smallest = under.reduceRight((best, one) => (best && size(best) <= size(one) ? best : one), null);
        at = pictures.indexOf(smallest);
        draw();
      };
      const step = (by) => {
        at = (Math.max(at, by < 0 ? 0 : -1) + by + pictures.length) % pictures.length;
        pictures[at].element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
        draw();
      };
      const stop = (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
      };
      const onKey = (event) => {
        if (event.type === "keydown") {
          if (event.key === "Escape") end(null);
          else if (event.key === "Enter" && pictures[at]) end(pictures[at]);
          else if (event.key === "Enter" && offersArea) end(null, { wantsArea: true });
          else if (["ArrowRight", "ArrowDown"].includes(event.key) || (event.key === "Tab" && !event.shiftKey)) {
            if (pictures.length) step(1);
          } else if (["ArrowLeft", "ArrowUp", "Tab"].includes(event.key)) {
            if (pictures.length) step(-1);
          } else return; // the browser's own shortcuts go on
        }
        stop(event);
      };
      const onClick = (event) => {
        stop(event);
        point(event);
        if (pictures[at]) end(pictures[at]);
        else if (!pictures.length) end(null, offersArea ? { wantsArea: true } : null);
      };
      /** @type {[EventTarget, string, (event: any) => void][]} */
      const listening = [
        [window, "keydown", onKey],
        [window, "keypress", onKey],
        [window, "pointermove", point],
        [window, "pointerdown", stop],
        [window, "mousedown", stop],
        [window, "click", onClick],
        [window, "scroll", draw],
        [window, "resize", draw],
      ];
      for (const [target, event, listener] of listening) target.addEventListener(event, listener, { capture: true, passive: false });
      pictrace.leave = () => end(null);
      draw();
    });
})();
