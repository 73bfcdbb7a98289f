// What was begun in the page's outlines, before its modules came: a link that is being typed, a picture that is chosen.

/** @returns {HTMLInputElement | null} */
const linkField = () => document.querySelector("input#link");

/**
 * To be called while the outlines are still there; what it returns, once the page has taken their place. A picture that
 * has been chosen, or is chosen in a window that is still open, goes to `search`.
 * @param {(files: File[]) => void} search
 */
export function carryOver(search) {
  for (const chosen of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#early, #early-camera"))) {
    const go = () => chosen.files.length && search([...chosen.files]);
    if (chosen.files.length) setTimeout(go);
    else chosen.addEventListener("change", go);
  }
  const before = linkField();
  const had = before && { value: before.value, focus: before === document.activeElement, at: [before.selectionStart, before.selectionEnd] };
  return () => {
    const field = linkField();
    if (!had || !field) return;
    if (had.value) field.value = had.value;
    if (!had.focus) return;
    field.focus({ preventScroll: true });
    field.setSelectionRange(had.at[0], had.at[1]);
  };
}
