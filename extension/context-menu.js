// The items of the context menu, and what a click on one asks.
import * as browser from "./browser.js";
import { use } from "./messages.js";
import { ask } from "./places.js";
import { t } from "./shared/i18n.js";
import { settings } from "./storage.js";

/**
 * The item's id says where the answer opens: in the click there is no time to look it up.
 * One item finds everywhere: with two for a linked picture, or for one in a frame, browsers would make a submenu. Only in
 * the context `all` does Chromium show it on a canvas.
 * `adminKey` adds the item that only an admin can use.
 */
export function items({ opens, adminKey }, text) {
  const found = [{ id: `find ${opens}`, title: text("menu.find"), contexts: ["all"] }];
  if (adminKey) found.push({ id: `add ${opens}`, title: text("menu.add"), contexts: ["image"] });
  return found;
}

/** Bring the menu level with the settings. */
export async function refresh() {
  const current = await settings();
  await use(current.language);
  await browser.setMenu(items(current, t));
}

/** A click on an item: synchronous until the panel is open. */
export function clicked(info, tab) {
  if (!tab) return null; // in our own panel, which is no page to find pictures on
  const [does, opens] = info.menuItemId.split(" ");
  const question = questionOf(info, tab, does);
  return ask(question, { opens, windowId: tab.windowId, behind: question.by === "here" });
}

/** About the picture that was clicked; where it was none, about one that is chosen on the page: a canvas, a background. */
export function questionOf(info, tab, does) {
  const isPicture = info.mediaType === "image" && (info.srcUrl || info.targetElementId);
  return {
    by: isPicture ? "picture" : "here",
    adds: does === "add",
    tabId: tab.id,
    frameId: info.frameId ?? 0,
    windowId: tab.windowId,
    element: info.targetElementId ?? null,
    url: info.srcUrl ?? null,
    pageUrl: tab.url ?? info.pageUrl ?? null,
    frameUrl: info.frameUrl ?? null,
    title: tab.title ?? "",
    isPrivate: Boolean(tab.incognito),
  };
}
