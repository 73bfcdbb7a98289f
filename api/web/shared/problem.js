// What can go wrong between here and the server, and the sentence for it.
import { has, t } from "./i18n.js";

const MEGABYTE = 1024 * 1024;

/** A failure with a stable code: the server's, or one of ours (`offline`, `not_pictrace`, …). */
export class Problem extends Error {
  /**
   * @param {string} code
   * @param {{ detail?: string, status?: number, retryAfter?: number | null, values?: Record<string, string> }} more `detail`
   *   is the server's own sentence, `values` is what ours names
   */
  constructor(code, { detail = "", status = 0, retryAfter = null, values = {} } = {}) {
    super(detail || code);
    this.name = "Problem";
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.retryAfter = retryAfter;
    this.values = values;
  }
}

/**
 * What went wrong, in the reader's language; for a code without a text, what the server said. `limits` are the server's.
 * @param {{ code?: string, detail?: string, retryAfter?: number | null, values?: Record<string, string> }} problem
 * @param {{ max_bytes?: number, max_pixels?: number, max_source_pixels?: number, max_archive_bytes?: number }} limits
 */
export function sentence({ code, detail = "", retryAfter = null, values: named = {} }, limits = {}) {
  const key = `error.${code}`;
  const values = {
    ...named,
    limit: Math.floor((limits.max_bytes ?? 64 * MEGABYTE) / MEGABYTE),
    archive: Math.floor((limits.max_archive_bytes ?? 2000 * MEGABYTE) / MEGABYTE),
    megapixels: Math.floor((limits.max_pixels ?? 110e6) / 1e6),
    most: Math.floor((limits.max_source_pixels ?? limits.max_pixels ?? 250e6) / 1e6), // of a JPEG
  };
  if (retryAfter !== null && has(`${key}.other`)) return t(key, { ...values, count: retryAfter });
  if (code === "invalid_request" && detail) return `${t(key)} (${detail})`;
  if (has(key)) return t(key, values);
  return detail || t("error.server");
}
