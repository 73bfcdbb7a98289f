// The items of the context menu, and what a click on one asks.
import * as browser from "./browser.js";
import { use } from "./messages.js";
import { ask } from "./places.js";
import { t } from "./shared/i18n.js";
import { settings } from "./storage.js";

const ANYWHERE = ["page", "frame", "link", "selection", "editable", "video", "audio"];

/**
 * The item's id says where the answer opens: in the click there is no time to look it up.
 * `adminKey` adds the items that only an admin can use.
 */
export function items({ opens, adminKey }, text) {
  const found = [
    { id: `find ${opens}`, title: text("menu.find"), contexts: ["image"] },
    { id: `here ${opens}`, title: text("menu.here"), contexts: ANYWHERE },
  ];
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
  const [does, opens] = info.menuItemId.split(" ");
  const question = questionOf(info, tab, does);
  return ask(question, { opens, windowId: tab.windowId, behind: question.by === "here" });
}

export function questionOf(info, tab, does) {
  // A canvas counts as an image for some browsers, but has no address.
  const by = does === "here" || !(info.srcUrl || info.targetElementId) ? "here" : "picture";
  return {
    by,
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
