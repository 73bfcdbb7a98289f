// Builds elements; text goes in as text nodes only.

/** An element: `attributes` may hold `on` (listeners by event) and `class`; children are nodes, texts or nothing. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === true) {
      element.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value);
    }
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Put new children into an element; the focus stays on what has the same id, or else goes to the page's main part. */
export function refill(element, ...children) {
  const active = document.activeElement;
  const held = active !== document.body && element.contains(active);
  const id = active?.id;
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (held) ((id && document.getElementById(id)) || document.getElementById("main"))?.focus({ preventScroll: true });
}

/** A drawing: `polygon` and the like live in another namespace. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A link that may be clicked; nothing for any other kind. */
export function webLink(url) {
  return /^https?:\/\//i.test(url ?? "") ? url : null;
}

/** A modal dialog with a heading and a way out; gone from the page once it is closed. */
export function openDialog({ heading, closeLabel, wide = false }, ...children) {
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  const title = h("h2", { id: "dialog-heading" }, heading);
  const close = h("button", { type: "button", class: "quiet close", "aria-label": closeLabel }, "×");
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-heading", class: wide ? "wide" : null },
    h("header", {}, title, close),
    ...children,
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    // Of a double click on what opened it, the second half lands on the backdrop.
    if (event.target === dialog && event.detail === 1) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
