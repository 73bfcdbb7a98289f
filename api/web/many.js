// What is done with many pictures at once, each as one operation that is undone as one.
import * as api from "./api.js";
import { exampleTitles } from "./pattern.js";
import { save } from "./saving.js";
import { openDialog } from "./shared/dialog.js";
import { h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const MOST_IN_ZIP = 1000;
const EXAMPLES = 3;

/**
 * The acts of the library's bar; without the admin key, pictures can be taken along only.
 * @param {import("./library.js").Library} library
 * @returns {import("./selection-bar.js").Act[]}
 */
export function acts(library) {
  const own = [{ label: "many.zip", run: () => download(library) }];
  if (!api.isAdmin()) return own;
  return [
    { label: "many.tag", run: () => askTags(library, "add_tags") },
    { label: "many.untag", run: () => askTags(library, "remove_tags") },
    { label: "many.retitle", run: () => askPattern(library) },
    ...own,
    { label: "image.remove", run: () => remove(library), class: "danger" },
  ];
}

/** Ask for a change that can be undone, say how it went, and show it; a message would go with the dialog, which goes first. */
async function change(library, path, options, said, { dialog = null, keeps = false } = {}) {
  try {
    const answer = await api.ask(path, options);
    dialog?.close();
    const { operation_id: operation } = answer; // none where nothing was to be changed
    say(said(answer), operation && { label: t("app.undo"), run: () => undo(operation, () => library.changed({ keeps })) });
    await library.changed({ keeps });
  } catch (error) {
    say(api.sentence(error));
  }
}

/** What is selected stays so, for the next change. */
function edit(library, json, dialog) {
  const said = ({ changed }) => t("many.changed", { count: changed });
  return change(library, "/v1/images", { method: "PATCH", json: { images: library.selection.ids(), ...json } }, said, { dialog, keeps: true });
}

function remove(library) {
  const said = ({ removed }) => t("duplicates.removed", { count: removed });
  return change(library, "/v1/images/remove", { json: { images: library.selection.ids() } }, said);
}

/** Once: the second half of a double click finds the form busy. */
function once(act) {
  let isBusy = false;
  return async (event) => {
    event.preventDefault();
    if (isBusy) return;
    isBusy = true;
    await act().finally(() => (isBusy = false));
  };
}

function askTags(library, field) {
  const key = field === "add_tags" ? "many.tag" : "many.untag";
  const known = h("datalist", { id: "known-tags" }, library.tags.map(({ tag }) => h("option", { value: tag })));
  const tags = h("input", { id: "many-tags", required: true, list: "known-tags", autocomplete: "off" });
  const submit = once(async () => {
    const words = tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    if (words.length) await edit(library, { [field]: words }, dialog);
  });
  const dialog = openDialog(
    { heading: t(key) },
    h("p", {}, t("select.count", { count: library.selection.size })),
    h("form", { on: { submit } }, h("label", { for: "many-tags" }, t("image.tags")), tags, known, foot(t(key))),
  );
  tags.focus();
}

/** A title for each by a pattern; what it makes of the first is shown while it is typed. */
async function askPattern(library) {
  const ids = library.selection.ids();
  const pattern = h("input", { id: "pattern", value: "{name}", maxlength: 500, "aria-describedby": "pattern-help" });
  const examples = h("ol", { class: "examples", "aria-live": "polite" });
  const images = [];
  const show = () => examples.replaceChildren(...exampleTitles(pattern.value, images).map((title) => h("li", {}, title || "–")));
  pattern.addEventListener("input", show);
  const submit = once(async () => {
    await edit(library, { title: pattern.value }, dialog);
  });
  const dialog = openDialog(
    { heading: t("many.retitle") },
    h("p", {}, t("select.count", { count: ids.length })),
    h(
      "form",
      { on: { submit } },
      h("label", { for: "pattern" }, t("many.pattern")),
      pattern,
      h("p", { class: "fine", id: "pattern-help" }, t("many.patternHelp", { name: "{name}", title: "{title}", number: "{number}", date: "{date}" })),
      h("h3", {}, t("many.examples")),
      examples,
      foot(t("many.retitle")),
    ),
  );
  pattern.select();
  try {
    images.push(...(await Promise.all(ids.slice(0, EXAMPLES).map((id) => api.ask(`/v1/images/${id}`)))));
    show();
  } catch (error) {
    say(api.sentence(error));
  }
}

function foot(label) {
  return h("p", { class: "row above" }, h("button", { type: "submit", class: "primary" }, label));
}

/** All of them in one file; packing can be given up. */
async function download(library) {
  const ids = library.selection.ids();
  if (ids.length > MOST_IN_ZIP) {
    say(t("many.zipMost", { count: MOST_IN_ZIP }));
    return;
  }
  const cancel = new AbortController();
  say(t("many.packing", { count: ids.length }), { label: t("many.cancel"), run: () => cancel.abort() });
  try {
    save(await api.askBlob("/v1/images/zip", { json: { images: ids }, signal: cancel.signal }), "pictrace.zip");
    say(t("many.packed"));
  } catch (error) {
    if (error.name !== "AbortError") say(api.sentence(error));
  }
}
