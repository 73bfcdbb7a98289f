// Short messages at the foot of the page, read out by screen readers; some can be undone.
import { h } from "./dom.js";

const SHOWN_MS = 12000;
const place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

export function say(text, action = null) {
  if (!place.isConnected) document.body.append(place);
  // An open dialog makes the rest of the page inert: the message goes in there.
  const home = document.querySelector("dialog[open]") ?? document.body;
  if (place.parentElement !== home) home.append(place);
  const toast = h("p", { class: "toast" }, text);
  if (action) {
    const run = () => {
      toast.remove();
      document.getElementById("main")?.focus({ preventScroll: true });
      action.run();
    };
    toast.append(h("button", { type: "button", on: { click: run } }, action.label));
  }
  place.replaceChildren(toast);
  setTimeout(() => toast.remove(), SHOWN_MS);
}
