// Links from one view of the page to another.
import { h } from "./shared/dom.js";

/**
 * Followed without loading the page again; with a key held down, the browser does with it what it does with links.
 * @param {{ go: (address: string) => void }} page
 * @param {string} address
 * @param {Record<string, any>} attributes
 * @param {import("./shared/dom.js").Child[]} children
 */
export function innerLink(page, address, attributes, ...children) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    page.go(address);
  };
  return h("a", { href: address, ...attributes, on: { click: follow } }, ...children);
}
