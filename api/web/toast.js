// Short messages at the foot of the page, read out by screen readers; some can be undone.
import { button, h } from "./shared/dom.js";

const SHOWN_MS = 12000;
const SHOWN_WITH_ACTION_MS = 30000;
const place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

let byKeyboard = false;
addEventListener("keydown", () => (byKeyboard = true), true);
addEventListener("pointerdown", () => (byKeyboard = false), true);

/**
 * An action gets the focus where the keyboard was used last, unless it `keepsFocus` where it is; it stays while it is focused
 * or pointed at.
 */
export function say(text, action = null) {
  // An open dialog makes the rest of the page inert: the message goes in there.
  const dialog = document.querySelector("dialog[open]");
  if (dialog) dialog.append(place);
  else if (!place.isConnected || place.closest("dialog")) document.getElementById("main").before(place);
  const toast = h("p", { class: "toast" }, text);
  leave();
  place.replaceChildren(toast);
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => (action && toast.matches(":hover, :focus-within") ? wait() : leave(toast)),
      action ? SHOWN_WITH_ACTION_MS : SHOWN_MS,
    );
  };
  wait();
  if (!action) return;
  const run = () => {
    leave(toast);
    action.run();
  };
  const act = button(action.label, run);
  toast.append(act);
  // An Enter held down since the dialog must not take back at once what it did.
  act.addEventListener("keydown", (event) => event.repeat && event.preventDefault());
  toast.addEventListener("focusout", wait);
  toast.addEventListener("pointerleave", wait);
  if (byKeyboard && !action.keepsFocus) act.focus();
}

/** Take a message away, or whichever is shown; if the focus was in it, the page's main part gets it. */
function leave(toast = place.firstChild) {
  if (!toast?.isConnected) return;
  const held = toast.contains(document.activeElement);
  toast.remove();
  if (held) document.getElementById("main")?.focus({ preventScroll: true });
}
