// Runs in a page after a click of the user's: lets a rectangle of the window be drawn, by mouse, finger or keyboard.
(() => {
  const { pictrace } = globalThis;
  if (!pictrace || pictrace.area) return;

  const SMALLEST = 16;
  const STEP = 16;

  /** {box, viewport} of what was drawn, null where the user left. */
  pictrace.area = (sentence) =>
    new Promise((resolve) => {
      pictrace.leave?.();
      const { host, drawing } = pictrace.cover(sentence);
      let from = null;
      let box = null;

      const draw = () => {
        drawing.replaceChildren();
        if (box) pictrace.outline(drawing, box, "chosen");
      };
      const end = (found) => {
        for (const [event, listener] of listening) window.removeEventListener(event, listener, true);
        host.remove();
        pictrace.leave = null;
        // The cover must be gone from the screen before it is captured.
        setTimeout(() => resolve(found && { box: found, viewport: { width: innerWidth, height: innerHeight } }), 80);
      };
      const stop = (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
      };
      const between = (a, b) => ({
        x: Math.min(a.x, b.x),
        y: Math.min(a.y, b.y),
        width: Math.abs(a.x - b.x),
        height: Math.abs(a.y - b.y),
      });
      const at = ({ clientX, clientY }) => ({
        x: Math.min(Math.max(clientX, 0), innerWidth),
        y: Math.min(Math.max(clientY, 0), innerHeight),
      });
      const isLarge = ({ width, height }) => width >= SMALLEST && height >= SMALLEST;

      const onDown = (event) => {
        stop(event);
        from = at(event);
      };
      const onMove = (event) => {
        stop(event);
        if (!from) return;
        box = between(from, at(event));
        draw();
      };
      const onUp = (event) => {
        stop(event);
        if (from && box && isLarge(box)) end(box);
        from = null;
      };
      /** Arrows move the rectangle's corner, with Shift its opposite one; Enter takes it. */
      const onKey = (event) => {
        const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
        if (event.key === "Escape") end(null);
        else if (event.key === "Enter" && box && isLarge(box)) end(box);
        else if (moves) {
          box ??= { x: innerWidth / 4, y: innerHeight / 4, width: innerWidth / 2, height: innerHeight / 2 };
          const [dx, dy] = moves;
          box = event.shiftKey
            ? { ...box, width: Math.max(SMALLEST, box.width + dx), height: Math.max(SMALLEST, box.height + dy) }
            : { ...box, x: box.x + dx, y: box.y + dy };
          draw();
        } else return;
        stop(event);
      };
      /** @type {[string, (event: any) => void][]} */
      const listening = [
        ["pointerdown", onDown],
        ["pointermove", onMove],
        ["pointerup", onUp],
        ["mousedown", stop],
        ["click", stop],
        ["keydown", onKey],
      ];
      for (const [event, listener] of listening) window.addEventListener(event, listener, { capture: true, passive: false });
      pictrace.leave = () => end(null);
    });
})();
