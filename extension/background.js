// Listeners only: this worker may be ended at any moment, so it remembers nothing and waits for nothing.
import * as browser from "./browser.js";
import * as contextMenu from "./context-menu.js";
import { openSettings } from "./places.js";
import { onSettings } from "./storage.js";

browser.onInstalled(({ reason }) => {
  contextMenu.refresh();
  if (reason === "install") openSettings({ first: true });
});
browser.onStartup(contextMenu.refresh);
browser.onMenuClicked(contextMenu.clicked);
onSettings(contextMenu.refresh);
