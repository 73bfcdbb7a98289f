// What can be asked of the server: a file, a URL, or a picture of the library.
import * as api from "./api.js";
import { Problem } from "./shared/problem.js";

const SHOWN = 5;

/** The server's matches for a question. */
export async function matches(question, weak, signal) {
  if (question.like !== undefined) {
    const wish = new URLSearchParams({ limit: String(SHOWN), weak: String(weak), preview: "true" });
    return api.ask(`/v1/images/${question.like}/matches?${wish}`, { signal });
  }
  if (question.url !== undefined) {
    return api.ask("/v1/search", { json: { url: question.url, limit: SHOWN, weak, preview: true }, signal });
  }
  const max = api.server.limits.max_bytes;
  if (question.file.size > max) throw new Problem("file_too_large");
  const form = new FormData();
  for (const [name, value] of Object.entries({ limit: SHOWN, weak, preview: true })) form.append(name, String(value));
  form.append("file", question.file);
  return api.ask("/v1/search", { form, signal });
}

/** The picture that shows why a question and one picture of the library match, as a blob. */
export function why(question, id) {
  const path = `/v1/images/${id}/why`;
  if (question.like !== undefined) return api.askBlob(path, { json: { image_id: question.like, words: false } });
  if (question.url !== undefined) return api.askBlob(path, { json: { url: question.url, words: false } });
  const form = new FormData();
  form.append("words", "false");
  form.append("file", question.file);
  return api.askBlob(path, { form });
}
