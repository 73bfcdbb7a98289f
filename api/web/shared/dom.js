// Builds elements; text goes in as text nodes only.

/**
 * What may stand in an element; lists may hold lists.
 * @typedef {any} Child
 */

/**
 * An element: `attributes` may hold `on` (listeners by event) and `class`; children are nodes, texts or nothing.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, any>} attributes
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...shown(children));
  return element;
}

/**
 * A drawing: `polygon` and the like live in another namespace.
 * @param {string} name
 * @param {Record<string, any>} attributes
 * @param {Node[]} children
 */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} text
 * @param {(event: any) => void} act
 * @param {Record<string, any>} attributes
 */
export function button(text, act, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: act } }, text);
}

/**
 * A link to another site, which is not told where it came from; nothing for other kinds of address.
 * @param {string | null | undefined} url
 * @param {string} text
 */
export function link(url, text) {
  return /^https?:\/\//i.test(url ?? "") ? h("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, text) : null;
}

/**
 * Put new children into an element; the focus stays on what has the same id, or else goes to the page's main part.
 * @param {Element} element
 * @param {Child[]} children
 */
export function refill(element, ...children) {
  const active = document.activeElement;
  const held = active !== document.body && element.contains(active);
  const id = active?.id;
  element.replaceChildren(...shown(children));
  if (held) ((id && document.getElementById(id)) || document.getElementById("main"))?.focus({ preventScroll: true });
}

/** @param {Child[]} children */
function shown(children) {
  return children.flat(Infinity).filter((child) => child || child === 0);
}
