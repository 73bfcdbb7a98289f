// A link that saves a picture's file under its own name.
import * as api from "./api.js";
import { save } from "./saving.js";
import { h } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { nameOf } from "./shared/match.js";
import { say } from "./toast.js";

/** With a key the plain link would be refused: the file is fetched, and saved from memory. */
export function downloadLink(image) {
  const path = image.links.file;
  const fetched = async (event) => {
    if (!api.key()) return;
    event.preventDefault();
    try {
      save(await api.askBlob(path), image.name);
    } catch (error) {
      say(api.sentence(error));
    }
  };
  const label = `${t("match.download")}: ${nameOf(image)}`;
  return h("a", { href: path, download: image.name, "aria-label": label, on: { click: fetched } }, t("match.download"));
}
