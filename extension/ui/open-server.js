// The server's address in a tab, where looking there is the next step.
import { button } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

const HELPS_WITH = ["no_secure_connection", "sends_on", "not_pictrace"];

/** Nothing where it would not help with this problem. */
export function openServerButton({ code }, open) {
  return HELPS_WITH.includes(code) && button(t("options.openServer"), open, { id: "open-server" });
}
