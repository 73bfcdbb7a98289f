// A link from one view of the page to another.
import { h } from "./shared/dom.js";

/**
 * The page goes there itself; a new tab or window is left to the browser.
 * @param {{ go: (address: string) => void }} page
 * @param {string} address
 * @param {import("./shared/dom.js").Child} child
 * @param {Record<string, any>} attributes
 */
export function pageLink(page, address, child, attributes = {}) {
  const click = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    page.go(address);
  };
  return h("a", { href: address, ...attributes, on: { click } }, child);
}
