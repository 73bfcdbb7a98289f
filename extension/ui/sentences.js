// What went wrong, in the user's language, with what to do next.
import { has, t } from "../messages.js";

/** A sentence for a Problem; unknown codes say what the server said. */
export function sentenceOf({ code, detail = "", retryAfter = null }, { limits } = {}) {
  const values = {
    limit: Math.floor((limits?.max_bytes ?? 20 * 1024 * 1024) / (1024 * 1024)),
    megapixels: Math.floor((limits?.max_pixels ?? 50e6) / 1e6),
  };
  const key = `error_${code}`;
  if (retryAfter && has(`${key}_other`)) return t(key, { ...values, count: retryAfter });
  if (has(key)) return t(key, values);
  return detail || t("error_server");
}

/** Why a way was not taken, as a piece of a list. */
export function reasonOf({ way, code }) {
  return `${t(`way_short_${way}`)}: ${has(`reason_${code}`) ? t(`reason_${code}`) : sentenceOf({ code })}`;
}
