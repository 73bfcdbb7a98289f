// The only module that touches chrome.* (browser.* in Firefox). Everything here is a thin name for what the browser has.
const api = globalThis.browser?.runtime ? globalThis.browser : globalThis.chrome;
const menus = () => api.contextMenus ?? api.menus; // Firefox for Android has none

export const onInstalled = (listener) => api.runtime.onInstalled.addListener(listener);
export const onStartup = (listener) => api.runtime.onStartup.addListener(listener);
export const onMenuClicked = (listener) => menus()?.onClicked.addListener(listener);

/** Menu items in place of those that there were. */
export async function setMenu(items) {
  if (!menus()) return;
  await menus().removeAll();
  for (const item of items) menus().create(item, () => void api.runtime.lastError);
}

/** Open the side panel, which Firefox calls a sidebar. Must be called before anything is awaited: a click's gesture is spent by then. */
export function openPanel(windowId) {
  if (api.sidebarAction) return api.sidebarAction.open();
  return api.sidePanel.open({ windowId });
}

export const address = (path) => api.runtime.getURL(path);
export const language = () => api.i18n.getUILanguage();
export const openTab = (path, { active = true } = {}) => api.tabs.create({ url: address(path), active });
export const openAddress = (url) => api.tabs.create({ url });
export const tab = (tabId) => api.tabs.get(tabId);
export const ownTab = () => api.tabs.getCurrent();
export const ownWindow = () => api.windows.getCurrent();
export const isPrivate = async () => ((await ownTab()) ?? (await ownWindow())).incognito;
export const showTab = (tabId) => api.tabs.update(tabId, { active: true });

export async function activeTab() {
  const [found] = await api.tabs.query({ active: true, currentWindow: true });
  return found;
}

/** What the visible tab of a window shows, as the data URL of a PNG. */
export const capture = (windowId) => api.tabs.captureVisibleTab(windowId, { format: "png" });

/** Load scripts into a frame of a tab; loading them twice does nothing. */
export function loadIntoPage({ tabId, frameId = 0 }, files) {
  return api.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, files });
}

/** What a function answers that runs in a frame of a tab; what it answers must be JSON. */
export async function runInPage({ tabId, frameId = 0 }, func, ...args) {
  const [first] = await api.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, func, args });
  if (first.error) throw new Error(first.error.message ?? String(first.error));
  return first.result;
}

export const mayReach = (origins) => api.permissions.contains({ origins });
/** Asks the user; must be called from a click, before anything is awaited. */
export const askToReach = (origins) => api.permissions.request({ origins });
export const giveUpReaching = (origins) => api.permissions.remove({ origins });

/** `local` stays on this machine's disk, `session` in memory until the browser is closed. */
export const stored = (area, keys) => api.storage[area].get(keys);
export const store = (area, values) => api.storage[area].set(values);
export const unstore = (area, keys) => api.storage[area].remove(keys);

/** Calls back with {key: {oldValue, newValue}} on every change. */
export const onStored = (area, listener) => api.storage[area].onChanged.addListener(listener);

/** Whether Firefox will forget the extension when it is closed. Chromium keeps what was loaded from a folder. */
export async function isTemporary() {
  const { installType } = await api.management.getSelf();
  return Boolean(api.sidebarAction) && installType === "development";
}
