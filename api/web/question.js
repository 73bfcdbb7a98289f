// What can be asked of the server: a file, a URL, or a picture of the library; the whole of it or a part, of all pictures or
// of those with certain tags. And how an address says it.
import * as api from "./api.js";
import { parsed, written } from "./region.js";
import { Problem } from "./shared/problem.js";

export const SHOWN = 5;
export const MOST = 50;

/**
 * `kept`: the key of a file among those that this browser keeps.
 * @typedef {{ file?: File, kept?: string, url?: string, like?: number, region?: import("./region.js").Region | null,
 *   tags?: string[] }} Question
 */

/**
 * What an address asks. A file is not in it, but what part of it and which tags are.
 * @param {URLSearchParams} wanted
 * @returns {Question}
 */
export function questionIn(wanted) {
  const url = wanted.get("url") || undefined;
  const like = /^\d+$/.test(wanted.get("like") ?? "") && !url ? Number(wanted.get("like")) : undefined;
  const tags = [...new Set(wanted.getAll("tag").filter(Boolean))];
  return { url, like, region: parsed(wanted.get("region")), tags };
}

/**
 * @param {Question} question
 * @param {number | null} compared a match that is laid on the picture
 */
export function addressOf({ url, like, region, tags = [] }, compared = null) {
  const wanted = new URLSearchParams();
  if (url !== undefined) wanted.set("url", url);
  if (like !== undefined) wanted.set("like", String(like));
  if (region) wanted.set("region", written(region));
  for (const tag of tags) wanted.append("tag", tag);
  if (compared !== null) wanted.set("compare", String(compared));
  return wanted.size ? `/?${wanted}` : "/";
}

/** Whether two ask with the same picture, whatever the part and the tags. */
export function isSamePicture(one, other) {
  return ["file", "url", "like"].every((key) => one?.[key] === other?.[key]);
}

/** Whether two ask with the same part of the same picture, among the same tags. */
export function isSameQuestion(one, other) {
  return isSamePicture(one, other) && addressOf(one) === addressOf(other);
}

/** @param {Question} question */
export function isAsked({ file, url, like }) {
  return Boolean(file) || url !== undefined || like !== undefined;
}

/**
 * The server's matches for a question. `progress` is told how much of a file was sent.
 * @param {Question} question
 * @param {{ weak?: boolean, limit?: number, signal?: AbortSignal, progress?: (share: number) => void }} how
 */
export async function matches(question, { weak = false, limit = SHOWN, signal, progress = () => {} } = {}) {
  const wish = { limit, weak, preview: true };
  if (question.like !== undefined) {
    const wanted = new URLSearchParams(fields(question, wish));
    return api.ask(`/v1/images/${question.like}/matches?${wanted}`, { signal });
  }
  if (question.url !== undefined) {
    return api.ask("/v1/search", { json: { url: question.url, ...wish, ...part(question), ...amongTags(question) }, signal });
  }
  const max = api.server.limits.max_bytes;
  if (question.file.size > max) throw new Problem("file_too_large");
  return api.upload("/v1/search", formOf(question, fields(question, wish)), progress, signal);
}

/**
 * The picture that shows why a question and one picture of the library match, as a blob.
 * @param {Question} question
 * @param {number} id
 */
export function why(question, id) {
  const path = `/v1/images/${id}/why`;
  const wish = { words: false, ...part(question) };
  if (question.like !== undefined) return api.askBlob(path, { json: { image_id: question.like, ...wish } });
  if (question.url !== undefined) return api.askBlob(path, { json: { url: question.url, ...wish } });
  return api.askBlob(path, { form: formOf(question, Object.entries(wish)) });
}

/**
 * Names with values, a tag for each.
 * @param {Question} question
 * @param {object} wish
 * @returns {[string, string][]}
 */
function fields(question, wish) {
  const given = Object.entries({ ...wish, ...part(question) });
  const tags = (question.tags ?? []).map((tag) => ["tag", tag]);
  return /** @type {[string, string][]} */ ([...given, ...tags].map(([name, value]) => [name, String(value)]));
}

/**
 * The file goes last: the server knows by then what is wanted.
 * @param {Question} question
 * @param {[string, any][]} given
 */
function formOf({ file }, given) {
  const form = new FormData();
  for (const [name, value] of given) form.append(name, String(value));
  form.append("file", file);
  return form;
}

/** @param {Question} question */
function part({ region }) {
  return region ? { region: written(region) } : {};
}

/** @param {Question} question */
function amongTags({ tags = [] }) {
  return tags.length ? { tag: tags } : {};
}
