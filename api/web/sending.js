// Sends one entry of the queue to the server: a link, a picture (made smaller where it is too large), or an archive.
import * as api from "./api.js";
import { endsIn } from "./kinds.js";
import { Problem } from "./shared/problem.js";
import "./shared/shrink.js";

const OTHER_ARCHIVES = [".rar", ".7z", ".zst", ".tzst", ".gz", ".bz2", ".xz"];
const NEVER_SMALLER = ["image/gif"]; // it would stand still

/** The operation that a drop's additions join, so that one undo takes back all of them. */
export async function begin() {
  return (await api.ask("/v1/operations", { method: "POST" })).operation_id;
}

/** Whether a file is an archive that the server reads. */
export function isArchive(name) {
  return endsIn(name, api.server?.limits.archives ?? []);
}

/** Whether it is an archive of a kind that some servers read, or none, but not this one. */
export function isUnreadArchive(name) {
  return !isArchive(name) && endsIn(name, OTHER_ARCHIVES);
}

/**
 * The server's answer for a picture; of an archive nothing, `line` having been called with each of its lines. Rejects with
 * a Problem. `smaller` is told of a picture that is made smaller first, and of the sizes.
 * @param {{ url?: string, file?: File, isArchive?: boolean }} entry
 * @param {{ tags: string[], operation: number, progress: (share: number) => void, line: (line: any) => void,
 *   smaller: (sizes: { before: number, after: number }) => void, signal: AbortSignal }} how
 */
export async function send(entry, { tags, operation, progress, line, smaller, signal }) {
  if (entry.url) return api.ask("/v1/images", { json: { url: entry.url, tags, operation_id: operation } });
  const file = entry.file;
  await requireReadable(file);
  const form = (content) => {
    const made = new FormData();
    for (const tag of tags) made.append("tags", tag);
    made.append("operation_id", String(operation));
    made.append("file", content);
    return made;
  };
  const { limits } = api.server;
  if (entry.isArchive) {
    if (file.size > limits.max_archive_bytes) throw new Problem("archive_too_large");
    return api.uploadLines("/v1/archives", form(file), { progress, line, signal }).catch((error) => blame(error, file));
  }
  const sendSmaller = async (code) => {
    const made = await madeSmaller(file, limits);
    if (!made) throw new Problem(code);
    smaller({ before: file.size, after: made.size });
    return api.upload("/v1/images", form(made), progress);
  };
  if (file.size > limits.max_bytes) return sendSmaller("file_too_large");
  try {
    return await api.upload("/v1/images", form(file), progress);
  } catch (error) {
    if (error.code === "too_many_pixels") return sendSmaller(error.code);
    return blame(error, file);
  }
}

/** A JPEG that is within the server's limits; null where the browser cannot make one. */
async function madeSmaller(file, limits) {
  if (NEVER_SMALLER.includes(file.type)) return null;
  const made = await globalThis.pictraceShrink.within(file, {
    maxBytes: limits.max_bytes,
    maxPixels: limits.max_pixels,
    maxSourcePixels: limits.max_source_pixels,
  });
  return made === file ? null : new File([made], file.name.replace(/(\.[^.]*)?$/, ".jpg"), { type: made.type });
}

/** A browser says of a file that is gone from the disk what it says of a server that is away. */
async function blame(error, file) {
  if (error.code === "offline") await requireReadable(file);
  throw error;
}

async function requireReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem("file_gone");
  }
}
