// Where a search is shown: the window's side panel, or a tab of its own.
import * as browser from "./browser.js";
import { dropSearch, putSearch } from "./storage.js";

/**
 * Show a question's search. Nothing is awaited before the panel is opened: a click's gesture would be spent, and a popup is
 * closed by what it opens, so what it wants to have stored must be on its way by then.
 * `behind`: a tab stays in the background until something was chosen on the page in front.
 */
export async function ask(question, { opens, windowId, behind = false }) {
  const search = { id: crypto.randomUUID(), question };
  if (opens === "panel") {
    const stored = putSearch(panelOf(windowId), search);
    try {
      await browser.openPanel(windowId);
      await stored;
      return;
    } catch {
      // No panel here (an app's window, or a browser without): a tab will do.
      await dropSearch(panelOf(windowId));
    }
  }
  const place = `tab-${crypto.randomUUID()}`;
  await putSearch(place, search);
  await browser.openTab(`results/results.html?place=${place}`, { active: !behind });
}

/** The place of the results page that is asked. */
export async function ownPlace() {
  const named = new URLSearchParams(location.search).get("place");
  return named ?? panelOf((await browser.ownWindow()).id);
}

const panelOf = (windowId) => `panel-${windowId}`;

export function openSettings({ first = false } = {}) {
  return browser.openTab(`options/options.html${first ? "?first" : ""}`);
}
