// The last few files that were asked with, kept in this browser: going back and reloading find them again.

const MOST = 5;
const STORE = "asked";

/** Those of this page's life, with or without a database. */
const files = new Map();

/**
 * Keep a file; the key goes into the history.
 * @param {File} file
 * @returns {string}
 */
export function keep(file) {
  const key = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  files.set(key, file);
  store(key, file).catch(() => {}); // a browser that keeps nothing: a reload asks for the file again
  return key;
}

/**
 * @param {string} key
 * @returns {File | undefined}
 */
export function remembered(key) {
  return files.get(key);
}

/**
 * After a reload: from the browser's database; nothing if others took its place.
 * @param {string} key
 * @returns {Promise<File | null>}
 */
export async function recalled(key) {
  try {
    const found = await request((await opened()).transaction(STORE).objectStore(STORE).get(key));
    if (found) files.set(key, found);
    return found ?? null;
  } catch {
    return null;
  }
}

/**
 * All that are kept, with their keys; the latest first.
 * @returns {Promise<[string, File][]>}
 */
export async function lately() {
  const found = new Map(files);
  try {
    const asked = (await opened()).transaction(STORE).objectStore(STORE);
    const [keys, stored] = await Promise.all([request(asked.getAllKeys()), request(asked.getAll())]);
    keys.forEach((key, place) => found.set(key, stored[place]));
  } catch {
    // a browser that keeps nothing: those of this page's life
  }
  return [...found].sort(([one], [other]) => (one < other ? 1 : -1)).slice(0, MOST);
}

/** Whoever signs out leaves none behind. */
export async function forgetAll() {
  files.clear();
  if (!globalThis.indexedDB) return;
  await request((await opened()).transaction(STORE, "readwrite").objectStore(STORE).clear()).catch(() => {});
}

/** Keys begin with the time: the first are the oldest. */
async function store(key, file) {
  const asked = (await opened()).transaction(STORE, "readwrite").objectStore(STORE);
  await request(asked.put(file, key));
  const keys = await request(asked.getAllKeys());
  for (const old of keys.slice(0, -MOST)) asked.delete(old);
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const opening = indexedDB.open("pictrace.asked", 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(STORE));
  return request(opening);
}

/**
 * @param {IDBRequest} asked
 * @returns {Promise<any>}
 */
function request(asked) {
  return new Promise((resolve, reject) => {
    asked.addEventListener("success", () => resolve(asked.result));
    asked.addEventListener("error", () => reject(asked.error));
  });
}
