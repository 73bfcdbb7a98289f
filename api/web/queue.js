// The queue of additions: drops of many entries each, sent to the server a few at a time. It outlives a reload where the
// browser keeps files for the page; it waits while the server is away; one tab works at a time.
import { openStore } from "./queue-store.js";
import * as sending from "./sending.js";
import { Problem } from "./shared/problem.js";

const AT_ONCE = 3;
const STORED_AT_ONCE = 50;
const NAMED = 8; // of what is passed over
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 60;
const TELL_OTHERS_MS = 1000;
const KEPT_MS = 24 * 3600 * 1000; // a drop of which nothing is left to do
const LOCK = "pictrace.adding";
const STOPPED = "pictrace.adding.stopped";
/** What would befall all others too: they wait until somebody has seen to it. */
const HALTING = ["disk_full", "key_required", "wrong_key", "admin_only", "library_too_old"];
const OF_KEYS = ["key_required", "wrong_key", "admin_only"];
const GATEWAY = [502, 503, 504]; // of a proxy whose server is away, or of a server that is being stopped
const UNDER_WAY = ["sending", "working"];

/**
 * What is dropped or chosen at a time, with its own tags and its own operation.
 * @typedef {{ id: number, tags: string[], name: string | null, operation: number | null, passedOver: number,
 *   passedOverNames?: string[], next: number, isBeingRead: boolean, isCutShort: boolean, beginning?: Promise<void> }} Drop
 */

/**
 * One file or link of a drop, and what became of it. `sums` and `ids` are an archive's: what became of its pictures.
 * @typedef {{ drop: number, place: number, name: string, state: string, file?: File, url?: string, isArchive?: boolean,
 *   inside?: string, within?: number, broken?: any, problem?: { code: string, detail?: string }, answer?: any, smaller?: { before: number, after: number },
 *   sums?: Record<string, number>, passedOverNames?: string[], ids?: number[],
 *   share?: number }} Entry
 */

export class Queue {
  /**
   * @param {{ mayWork: () => boolean, changed: (grew: boolean) => void, open?: () => Promise<any> }} how `changed` is called
   *   whenever there is something else to be seen; with true where the library has grown
   */
  constructor({ mayWork, changed, open = openStore }) {
    this.mayWork = mayWork;
    this.changed = changed;
    this.openStore = open;
    this.store = null;
    /** @type {Map<number, Drop>} */
    this.drops = new Map();
    /** @type {Map<number, Entry[]>} */
    this.entries = new Map();
    /** @type {Map<Entry, { done: Promise<void>, controller: AbortController }>} */
    this.active = new Map();
    /** @type {{ problem: any, until: number, timer: any } | null} */
    this.pause = null;
    this.pauses = 0;
    /** Drops that are not in the store, or not all of them. */
    this.unkept = new Set();
    this.writes = new Map(); // under way, by drop
    /** @type {any} */
    this.halt = null;
    this.isStopped = localStorage.getItem(STOPPED) !== null;
    this.lock = "none"; // then "wanted", and "held" while this tab works
    this.letGo = () => {};
    this.others = globalThis.BroadcastChannel ? new BroadcastChannel(LOCK) : null;
    this.others?.addEventListener("message", ({ data }) => this.hear(data));
    addEventListener("online", () => this.tryNow());
    this.opened = this.open();
  }

  async open() {
    this.store = await this.openStore();
    await this.take({ isFirst: true });
    this.wake();
  }

  /** Take up what is stored, by this page before it was loaded anew, or by another tab. */
  async take({ isFirst = false } = {}) {
    const stored = await this.store?.all().catch(() => null);
    if (!stored) return;
    const isOurs = (id) => this.drops.get(id)?.isBeingRead || this.unkept.has(id) || this.writes.has(id) || [...this.active.keys()].some(({ drop }) => drop === id);
    const known = new Set(stored.drops.map(({ id }) => id));
    for (const id of [...this.drops.keys()]) if (!known.has(id) && !isOurs(id)) this.forget(id);
    const found = Map.groupBy(stored.entries.filter(({ state }) => state !== "gone"), ({ drop }) => drop);
    for (const drop of stored.drops.filter(({ id }) => !isOurs(id))) {
      const before = this.entries.get(drop.id) ?? [];
      const entries = (found.get(drop.id) ?? []).map((entry) => Object.assign(before.find(({ place }) => place === entry.place) ?? {}, entry));
      if (isFirst) Object.assign(drop, { isCutShort: drop.isCutShort || drop.isBeingRead, isBeingRead: false });
      this.drops.set(drop.id, Object.assign(this.drops.get(drop.id) ?? {}, drop));
      this.entries.set(drop.id, entries);
      if (isFirst && isSettled(entries) && Date.now() - drop.id > KEPT_MS) await this.discard(drop);
    }
    this.changed(false);
  }

  /** Whether a reload would lose something that is yet to be sent. */
  get isAtRisk() {
    return this.all().some((entry) => isLeft(entry) && this.unkept.has(entry.drop)) || [...this.drops.values()].some(({ isBeingRead }) => isBeingRead);
  }

  /** All entries, those of the latest drop last. */
  all() {
    return [...this.entries.values()].flat();
  }

  /** How many are yet to be sent, or are being sent. */
  get left() {
    return this.all().filter(isLeft).length;
  }

  /**
   * A new drop. `given` yields files, links, what was passed over and what is unreadable; it may still be going on while the
   * first are being added.
   * @param {AsyncIterable<any> | Iterable<any>} given
   * @param {{ tags: string[], name?: string | null }} said
   */
  async add(given, { tags, name = null }) {
    await this.opened;
    const id = Math.max(Date.now(), ...[...this.drops.keys()].map((one) => one + 1));
    /** @type {Drop} */
    const drop = { id, tags, name, operation: null, passedOver: 0, passedOverNames: [], next: 0, isBeingRead: true, isCutShort: false };
    this.drops.set(id, drop);
    this.entries.set(id, []);
    let some = [];
    const keep = async () => {
      await this.keep(drop, some);
      some = [];
      this.wake();
    };
    for await (const one of given) {
      if (!this.drops.has(id)) return; // taken back or cleared meanwhile
      if (one.passedOver) passOver(drop, drop, one.passedOver);
      else some.push(this.enter(drop, entryOf(one)));
      this.changed(false);
      if (some.length >= STORED_AT_ONCE) await keep();
    }
    drop.isBeingRead = false;
    await keep();
    this.changed(false);
  }

  enter(drop, entry) {
    const entered = { ...entry, drop: drop.id, place: drop.next };
    drop.next += 1;
    this.entries.get(drop.id).push(entered);
    return entered;
  }

  /** Store a drop and some of its entries. Where there is no room they are in this tab's memory only. */
  async keep(drop, entries = []) {
    const { id } = drop;
    if (!this.drops.has(id)) return;
    this.writes.set(id, (this.writes.get(id) ?? 0) + 1);
    const { beginning: _, ...said } = drop;
    const isKept = this.store && (await this.store.put(said, entries.map(storable)).then(() => true, () => false));
    if (!isKept) this.unkept.add(id);
    this.writes.set(id, this.writes.get(id) - 1);
    if (!this.writes.get(id)) this.writes.delete(id);
    this.tellOthers();
  }

  /** Begin, or go on, where there is something to do and nothing stands in the way. */
  wake() {
    if (!this.next()) {
      if (!this.active.size) this.letGo();
      return;
    }
    if (this.lock === "none") this.wantLock();
    if (this.lock !== "held") return;
    while (this.active.size < AT_ONCE) {
      const entry = this.next();
      if (!entry) break;
      const controller = new AbortController();
      entry.state = "sending";
      entry.share = 0;
      const done = this.one(entry, controller.signal).finally(() => {
        this.active.delete(entry);
        this.changed(false);
        this.wake();
      });
      this.active.set(entry, { done, controller });
    }
    this.changed(false);
  }

  /** What the key allows may be something else now. */
  accessChanged() {
    if (OF_KEYS.includes(this.halt?.code) && this.mayWork()) this.halt = null;
    this.wake();
    this.changed(false);
  }

  /** The entry whose turn it is; none while the queue is stopped, waits or may not work. */
  next() {
    if (this.isStopped || this.pause || this.halt || !this.mayWork()) return null;
    for (const entries of this.entries.values()) {
      const found = entries.find((entry) => entry.state === "waiting");
      if (found) return found;
    }
    return null;
  }

  /** One tab works at a time, where the browser can tell (on https and localhost); elsewhere each tab sends what it knows. */
  wantLock() {
    if (!navigator.locks) {
      this.lock = "held";
      return;
    }
    this.lock = "wanted";
    navigator.locks.request(LOCK, async () => {
      await this.take(); // what another tab did meanwhile
      this.lock = "held";
      const released = new Promise((resolve) => {
        this.letGo = () => {
          this.lock = "none";
          this.letGo = () => {};
          resolve(null);
        };
      });
      this.wake();
      await released;
    });
    this.changed(false);
  }

  async one(entry, signal) {
    const drop = this.drops.get(entry.drop);
    try {
      if (entry.isArchive) await this.beginArchive(entry);
      const operation = await this.operationOf(drop);
      const answer = await sending.send(entry, {
        tags: drop.tags,
        operation,
        signal,
        progress: (share) => {
          entry.share = share;
          if (share >= 1) entry.state = "working";
          this.changed(false);
        },
        line: (line) => this.takeLine(entry, line),
        smaller: (sizes) => {
          entry.smaller = sizes;
          this.changed(false);
        },
      });
      if (answer) entry.answer = kept(answer);
      if (entry.broken) throw new Problem(entry.broken.code, { detail: entry.broken.message });
      this.settle(entry, answer?.status ?? "unpacked");
      this.pauses = 0;
      if (answer?.operation_id) this.changed(true);
    } catch (error) {
      this.fail(entry, error);
    }
    await this.keep(drop, [entry, ...this.inside(entry)]);
  }

  operationOf(drop) {
    if (drop.operation) return drop.operation;
    drop.beginning ??= sending.begin().then(async (operation) => {
      drop.operation = operation;
      await this.keep(drop);
    });
    return drop.beginning.finally(() => delete drop.beginning).then(() => drop.operation);
  }

  settle(entry, state) {
    entry.state = state;
    delete entry.problem;
    delete entry.file;
  }

  fail(entry, error) {
    entry.state = "waiting";
    if (error.name === "AbortError") return;
    if (HALTING.includes(error.code)) this.halt = error;
    else if (error.retryAfter || error.code === "offline" || GATEWAY.includes(error.status)) this.waitFor(error);
    else {
      entry.state = "refused";
      const isTakenBack = error.code === "unknown_operation";
      const drop = this.drops.get(entry.drop);
      if (isTakenBack && drop) drop.operation = null;
      entry.problem = { code: isTakenBack ? "taken_back" : (error.code ?? "server"), detail: error.detail };
    }
  }

  /** As long as the server says; where it does not answer, longer each time. */
  waitFor(problem) {
    if (this.pause) return;
    const wait = problem.retryAfter || Math.min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** this.pauses);
    this.pauses += 1;
    this.pause = { problem, until: Date.now() + wait * 1000, timer: setTimeout(() => this.tryNow(), wait * 1000) };
  }

  tryNow() {
    if (!this.pause) return;
    clearTimeout(this.pause.timer);
    this.pause = null;
    this.wake();
    this.changed(false);
  }

  // --- archives: their pictures are counted, and those that are not added are entries of their own

  async beginArchive(archive) {
    archive.sums = { added: 0, duplicate: 0, near: 0, passedOver: 0 };
    delete archive.broken;
    archive.passedOverNames = [];
    const before = this.inside(archive).map((entry) => Object.assign(entry, { state: "gone" }));
    this.entries.set(archive.drop, this.entries.get(archive.drop).filter(({ state }) => state !== "gone"));
    await this.keep(this.drops.get(archive.drop), before);
  }

  inside(archive) {
    return archive.isArchive ? (this.entries.get(archive.drop) ?? []).filter(({ within }) => within === archive.place) : [];
  }

  takeLine(archive, line) {
    if (!line.name) {
      archive.broken = line;
      return;
    }
    archive.ids ??= [];
    const drop = this.drops.get(archive.drop);
    // Sent again after it broke off, what was added then is there already.
    const isAdded = ["added", "restored"].includes(line.status) || (line.status === "duplicate" && archive.ids.includes(line.id));
    if (isAdded) {
      archive.sums.added += 1;
      if (line.operation_id) archive.ids.push(line.id);
      if (line.near.length) archive.sums.near += 1;
    } else if (line.status === "duplicate") archive.sums.duplicate += 1;
    else if (line.status === "passed_over") passOver(archive.sums, archive, line.name);
    else {
      const problem = { code: line.code, detail: line.message };
      this.enter(drop, { name: line.name, state: "refused", problem, inside: archive.name, within: archive.place });
    }
    this.changed(Boolean(line.operation_id));
  }

  // --- what people do with it

  /** Nothing more is begun. A picture that is under way is finished: the server may have taken it already. */
  stop() {
    this.setStopped(true);
    this.others?.postMessage({ isStopped: true });
  }

  goOn() {
    this.halt = null;
    this.setStopped(false);
    this.others?.postMessage({ isStopped: false });
  }

  setStopped(isStopped) {
    this.isStopped = isStopped;
    if (isStopped) localStorage.setItem(STOPPED, "");
    else localStorage.removeItem(STOPPED);
    for (const [entry, { controller }] of this.active) if (isStopped && entry.isArchive) controller.abort();
    this.wake();
    this.changed(false);
  }

  /** Those that were not added, as far as there is still something to send. */
  async tryFailedAgain() {
    for (const [id, entries] of this.entries) {
      const failed = entries.filter(canBeTriedAgain);
      for (const entry of failed) Object.assign(entry, { state: "waiting", problem: undefined });
      if (failed.length) await this.keep(this.drops.get(id), failed);
    }
    this.goOn();
  }

  /** Forget a drop, what is waiting of it too, so that its operation can be undone. Resolves to that operation. */
  async takeBack(drop) {
    this.forgetWaiting(drop.id);
    await this.endOf(drop.id);
    await this.discard(drop);
    return drop.operation;
  }

  /** Forget all drops of which nothing is left to do; where the queue is stopped, the others too. */
  async clear() {
    for (const drop of [...this.drops.values()]) {
      if (this.isStopped || this.halt) this.forgetWaiting(drop.id);
      await (this.isStopped || this.halt ? this.endOf(drop.id) : null);
      if (isSettled(this.entries.get(drop.id) ?? []) && !drop.isBeingRead) await this.discard(drop);
    }
    if (!this.drops.size) this.goOn();
  }

  forgetWaiting(id) {
    const entries = this.entries.get(id) ?? [];
    this.entries.set(id, entries.filter(({ state }) => state !== "waiting"));
    const drop = this.drops.get(id);
    if (drop) drop.isBeingRead = false;
    for (const [entry, { controller }] of this.active) if (entry.drop === id && entry.isArchive) controller.abort();
  }

  async endOf(id) {
    await Promise.all([...this.active].filter(([entry]) => entry.drop === id).map(([, { done }]) => done));
    this.forgetWaiting(id); // what was aborted, or found the server away
  }

  async discard(drop) {
    this.forget(drop.id);
    await this.store?.remove(drop.id).catch(() => {});
    this.others?.postMessage({ discarded: drop.id });
    this.changed(false);
  }

  forget(id) {
    this.drops.delete(id);
    this.entries.delete(id);
    this.unkept.delete(id);
  }

  // --- other tabs

  tellOthers() {
    this.telling ??= setTimeout(() => {
      this.telling = null;
      this.others?.postMessage({ isChanged: true });
    }, TELL_OTHERS_MS);
  }

  hear({ isStopped, discarded, isChanged }) {
    if (isStopped !== undefined) {
      if (!isStopped) this.halt = null;
      this.setStopped(isStopped);
    } else if (discarded) {
      this.forget(discarded);
      this.changed(false);
    } else if (isChanged) this.take().then(() => this.wake());
  }
}

/**
 * Whether it is yet to be sent, or being sent.
 * @param {{ state: string }} entry
 */
export function isLeft({ state }) {
  return state === "waiting" || UNDER_WAY.includes(state);
}

/**
 * Whether it was dropped, chosen or linked itself, and is not in an archive that was.
 * @param {Entry} entry
 */
export function isGiven({ inside }) {
  return inside === undefined;
}

/** Count what is passed over; the first are named, and kept with the drop or archive that they are in. */
function passOver(sums, where, name) {
  sums.passedOver += 1;
  where.passedOverNames ??= []; // kept before names were
  if (where.passedOverNames.length < NAMED) where.passedOverNames.push(name);
}

/** @param {Entry} entry */
export function canBeTriedAgain({ state, file, url }) {
  return state === "refused" && Boolean(file ?? url);
}

/**
 * How many of some entries became what.
 * @param {Entry[]} entries
 */
export function sumsOf(entries) {
  const sums = { added: 0, duplicate: 0, near: 0, passedOver: 0, refused: 0, waiting: 0 };
  for (const { state, answer, sums: inside } of entries) {
    if (isLeft({ state })) sums.waiting += 1;
    else if (state === "added" || state === "restored") sums.added += 1;
    else if (state in sums) sums[state] += 1;
    if (answer?.near?.length) sums.near += 1;
    for (const [name, count] of Object.entries(inside ?? {})) sums[name] += count;
  }
  return sums;
}

function isSettled(entries) {
  return !entries.some(isLeft);
}

/** @returns {Omit<Entry, "drop" | "place">} */
function entryOf({ file = undefined, url = undefined, unreadable = undefined }) {
  if (unreadable) return { name: unreadable, state: "refused", problem: { code: "file_gone" } };
  if (url) return { name: url, state: "waiting", url };
  if (sending.isUnreadArchive(file.name)) return { name: file.name, state: "refused", problem: { code: "bad_archive" } };
  return { name: file.name, state: "waiting", file, isArchive: sending.isArchive(file.name) };
}

/** What is stored of an entry: after a reload what was under way is tried again. */
function storable(entry) {
  const { share: _, ...rest } = entry;
  return UNDER_WAY.includes(entry.state) ? { ...rest, state: "waiting" } : rest;
}

/** What is told of a picture later on. */
function kept({ id, near, page, warnings, removed_before: removed, image }) {
  const { name, title, links } = image;
  return { id, near, page, warnings, removed_before: removed, image: { name, title, links } };
}
