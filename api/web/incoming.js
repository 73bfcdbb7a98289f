// What other apps have shared to PicTrace: the service worker keeps it until somebody has dealt with it.
import * as api from "./api.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";

const SHARED = "pictrace-shared"; // sw.js fills it
const LINK = /https?:\/\/\S+/i;

/**
 * A picture, or a link to one, with the address at which it is kept.
 * @typedef {{ address: string, share: number, file?: File, url?: string }} Kept
 */

export class Incoming {
  constructor(page) {
    this.page = page;
    this.element = h("section", { class: "incoming box" });
    /** @type {Kept[]} */
    this.kept = [];
  }

  /** What waits, the latest share first; without anything that is a picture or a link, nothing. */
  async look() {
    if (!globalThis.caches) return;
    const shared = await caches.open(SHARED);
    const found = await Promise.all((await shared.keys()).map((request) => read(shared, request)));
    this.kept = found.filter((one) => one.file || one.url).sort((one, other) => other.share - one.share);
    this.render();
  }

  /** What is to be searched for; nothing while a key is missing. */
  question() {
    const [first] = this.kept;
    if (!first || this.needsKey()) return null;
    return first.file ? { file: first.file } : { url: first.url };
  }

  needsKey() {
    return api.server.search_key_required && api.server.access === "none";
  }

  render() {
    const count = this.kept.length;
    this.element.setAttribute("aria-label", t("share.label"));
    const signIn = (text) => button(text, this.page.openKeys, { class: "primary" });
    const add = button(t("share.add", { count }), () => this.add(), { class: "primary" });
    const done = button(t("share.done"), () => this.done(), { class: "quiet" });
    const buttons = this.needsKey() ? signIn(t("nav.signIn")) : api.isAdmin() && add;
    refill(
      this.element,
      h("p", { role: "status" }, count ? this.said(count) : t("share.nothing")),
      h("p", { class: "row" }, count > 0 && buttons, done),
    );
  }

  said(count) {
    if (this.needsKey()) return `${t("share.waits", { count })} ${t("share.signIn")}`;
    return count > 1 ? `${t("share.waits", { count })} ${t("ask.onlyFirst")}` : t("share.waits", { count });
  }

  /** Add all of it, as if it had been dropped on the library. */
  async add() {
    const kept = this.kept;
    const view = await this.page.go("/?view=library");
    const files = kept.map((one) => one.file).filter(Boolean);
    if (files.length) view.takeFiles(files);
    for (const { url } of kept) if (url) view.takeUrl(url);
    await this.forget();
  }

  async done() {
    await this.forget();
    this.page.go("/");
  }

  async forget() {
    const shared = await caches.open(SHARED);
    await Promise.all(this.kept.map(({ address }) => shared.delete(address)));
    this.kept = [];
  }
}

/** @returns {Promise<Kept>} */
async function read(shared, request) {
  const answer = await shared.match(request);
  const type = answer.headers.get("Content-Type");
  const share = Number(new URL(request.url).pathname.split("/")[2]);
  const kept = { address: request.url, share };
  if (type === "text/plain") return { ...kept, url: LINK.exec(await answer.text())?.[0] };
  const name = decodeURIComponent(answer.headers.get("X-Name"));
  return { ...kept, file: new File([await answer.blob()], name, { type }) };
}
