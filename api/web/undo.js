// Taking back a whole operation.
import * as api from "./api.js";
import { t } from "./shared/i18n.js";
import { say } from "./toast.js";

/**
 * Take back an addition, a removal or an edit, say how it went, then go on.
 * @param {string | number} operation
 * @param {(isDone: boolean) => void} then
 */
export async function undo(operation, then) {
  let isDone = true;
  try {
    await api.ask(`/v1/operations/${operation}/undo`, { method: "POST" });
    say(t("app.undone"));
  } catch (error) {
    isDone = false;
    say(api.sentence(error));
  }
  then(isDone);
}
