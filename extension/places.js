// Where a search is shown: the window's side panel, or a tab of its own.
import * as browser from "./browser.js";
import { putSearch } from "./storage.js";

/**
 * Show a question's search. What it opens is opened before anything is awaited, as a click's gesture demands.
 * `behind`: a tab stays in the background until something was chosen on the page in front.
 */
export async function ask(question, { opens, windowId, behind = false }) {
  const place = await open({ opens, windowId, behind });
  await putSearch(place, { id: crypto.randomUUID(), question });
}

async function open({ opens, windowId, behind }) {
  if (opens === "panel") {
    try {
      await browser.openPanel(windowId);
      return panelOf(windowId);
    } catch {
      // No panel here (an app window, or a browser without): a tab will do.
    }
  }
  const place = `tab-${crypto.randomUUID()}`;
  await browser.openTab(`results/results.html?place=${place}`, { active: !behind });
  return place;
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
