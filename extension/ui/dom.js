// Builds elements; text goes in as text nodes only.

/** An element: `attributes` may hold `on` (listeners by event) and `class`; children are nodes, texts or nothing. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** A drawing: `polygon` and the like live in another namespace. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function button(text, act, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: act } }, text);
}

/** A link to another site, which is not told where it came from; nothing for other kinds of address. */
export function link(url, text) {
  return /^https?:\/\//i.test(url ?? "") ? h("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, text) : null;
}
