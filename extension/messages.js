// The extension's language: the chosen one, or the browser's own. `chrome.i18n` knows neither a choice nor plural forms.
import * as browser from "./browser.js";
import { closest, load } from "./shared/i18n.js";

const OWN = new URL("./locales/", import.meta.url);

/** The language for a choice ("": the browser's own). */
export const resolve = (choice) => closest([choice, browser.language()]);

export const use = (choice) => load(resolve(choice), OWN);
