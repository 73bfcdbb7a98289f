// Where the queue of additions outlives a reload: the browser's IndexedDB. What is stored are plain objects and files.

const NAME = "pictrace";
const DROPS = "drops";
const ENTRIES = "entries";

/** The store, or null where the browser has none for this page, as in some private windows. */
export async function openStore() {
  try {
    const opening = indexedDB.open(NAME, 1);
    opening.addEventListener("upgradeneeded", () => {
      opening.result.createObjectStore(DROPS, { keyPath: "id" });
      opening.result.createObjectStore(ENTRIES, { keyPath: ["drop", "place"] });
    });
    return new Store(await answered(opening));
  } catch {
    return null;
  }
}

class Store {
  constructor(database) {
    this.database = database;
    database.addEventListener("versionchange", () => database.close());
  }

  /** All drops, and all their entries. */
  async all() {
    const transaction = this.database.transaction([DROPS, ENTRIES]);
    const [drops, entries] = await Promise.all([DROPS, ENTRIES].map((name) => answered(transaction.objectStore(name).getAll())));
    return { drops, entries };
  }

  /** Write a drop and some of its entries; rejects where there is no room for them. */
  async put(drop, entries = []) {
    const transaction = this.database.transaction([DROPS, ENTRIES], "readwrite");
    transaction.objectStore(DROPS).put(drop);
    for (const entry of entries) transaction.objectStore(ENTRIES).put(entry);
    await ended(transaction);
  }

  /** Forget a drop and all its entries. */
  async remove(drop) {
    const transaction = this.database.transaction([DROPS, ENTRIES], "readwrite");
    transaction.objectStore(DROPS).delete(drop);
    transaction.objectStore(ENTRIES).delete(IDBKeyRange.bound([drop], [drop, []]));
    await ended(transaction);
  }
}

function answered(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
    request.addEventListener("blocked", () => reject(new Error("Another tab holds an older store open.")));
  });
}

function ended(transaction) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve(null));
    transaction.addEventListener("error", () => reject(transaction.error));
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
}
