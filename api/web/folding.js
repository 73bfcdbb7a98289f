// A form that is folded away behind a button on a phone; on larger screens it is there, and the button is not.
import { button } from "./shared/dom.js";

/**
 * The button, and the form that it unfolds.
 * @param {string} label
 * @param {HTMLElement} form
 * @param {{ open: boolean }} how whether it is unfolded at first
 */
export function folding(label, form, { open }) {
  const show = (isOpen) => {
    form.classList.toggle("folded", !isOpen);
    unfold.setAttribute("aria-expanded", String(isOpen));
  };
  const unfold = button(label, () => show(form.classList.contains("folded")), { class: "unfold" });
  show(open);
  return [unfold, form];
}
