// A picture of the library, small, and large after a click.
import { openDialog } from "../shared/dialog.js";
import { h, link } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { nameOf } from "../shared/match.js";
import { sentence } from "../shared/problem.js";

/** Its thumbnail: a click on it shows the picture large. */
export function enlargeable(image, server) {
  const picture = h("img", { alt: "" });
  showFile(picture, server, image.links.thumbnail);
  const enlarge = () => showLarge(image, server);
  return h("button", { type: "button", class: "enlarge", "aria-label": t("match.enlarge", { name: nameOf(image) }), on: { click: enlarge } }, picture);
}

async function showLarge(image, server) {
  const wait = h("p", { role: "status" }, h("span", { class: "spinner" }), t("match.enlargeWait"));
  const dialog = openDialog({ heading: nameOf(image), wide: true }, wait);
  try {
    const { preview, thumbnail } = image.links; // older servers make no previews
    const url = URL.createObjectURL(await server.file(preview ?? thumbnail));
    dialog.addEventListener("close", () => URL.revokeObjectURL(url));
    wait.replaceWith(h("img", { class: "large", src: url, alt: nameOf(image) }));
  } catch (error) {
    wait.replaceWith(h("p", { class: "problem", role: "alert" }, sentence(error)));
  }
  dialog.append(
    h(
      "p",
      { class: "row small" },
      h("span", { class: "fine" }, t("result.size", { width: image.width, height: image.height })),
      link(server.page(image.links.page), t("match.open")),
    ),
  );
}

/** A picture of the server's: with a key it cannot be loaded by its address. */
async function showFile(image, server, path) {
  try {
    const url = URL.createObjectURL(await server.file(path));
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  } catch {
    image.alt = "–";
  }
}
