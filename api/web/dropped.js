// What is dropped or chosen: files as they are, and the files of folders, read one after another.
import { isOfSystem, isTaken } from "./kinds.js";

/**
 * Files and folders of a drop, in its order. To be called while the browser tells of the drop: later it gives nothing.
 * @param {DataTransfer} data
 * @returns {(File | FileSystemDirectoryEntry)[]}
 */
export function dropped(data) {
  const items = [...(data.items ?? [])].filter(({ kind }) => kind === "file");
  if (!items.length) return [...data.files];
  return items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    return entry?.isDirectory ? /** @type {FileSystemDirectoryEntry} */ (entry) : item.getAsFile();
  }).filter(Boolean);
}

/**
 * The name of the folder that files were chosen or dropped by, if they are of one only.
 * @param {(File | FileSystemDirectoryEntry)[]} given
 */
export function folderOf(given) {
  const names = new Set(given.map((one) => ("isDirectory" in one ? one.name : one.webkitRelativePath?.split("/")[0])));
  return names.size === 1 ? [...names][0] || null : null;
}

/**
 * One thing after another: a `file` to be tried; or the name of what is `passedOver`, for it is no picture and only a folder
 * names it; or of what is `unreadable`.
 * @param {(File | FileSystemDirectoryEntry)[]} given
 * @param {string[]} archives the endings of archives that the server reads
 * @returns {AsyncGenerator<{ file?: File, passedOver?: string, unreadable?: string }>}
 */
export async function* filesOf(given, archives) {
  for (const one of given) {
    if ("isDirectory" in one) yield* inFolder(one, archives);
    else if (one.webkitRelativePath) yield judged(one, one.webkitRelativePath.split("/").slice(1), archives);
    else yield { file: one };
  }
}

async function* inFolder(folder, archives) {
  const reader = folder.createReader();
  for (;;) {
    // A browser gives some hundred at a time, and in the end none.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => null);
    if (!entries) yield { unreadable: folder.name };
    if (!entries?.length) return;
    for (const entry of entries) {
      if (isOfSystem(entry.name)) yield { passedOver: entry.name };
      else if (entry.isDirectory) yield* inFolder(entry, archives);
      else {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
        yield file ? judged(file, [entry.name], archives) : { unreadable: entry.name };
      }
    }
  }
}

async function judged(file, path, archives) {
  if (path.some(isOfSystem)) return { passedOver: file.name };
  try {
    return (await isTaken(file, archives)) ? { file } : { passedOver: file.name };
  } catch {
    return { unreadable: file.name };
  }
}
