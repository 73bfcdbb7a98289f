// Deciding on all groups of equal pixels at once: they are looked through first, and some can be left out.
import * as api from "./api.js";
import { button, h, refill } from "./shared/dom.js";
import { t } from "./shared/i18n.js";
import { say } from "./toast.js";
import { undo } from "./undo.js";

const GROUPS = 500; // in one request, as the server takes them

export class Equal {
  /** @param {{ list: () => import("./group-list.js").GroupList, total: () => number, changed: () => void }} how */
  constructor({ list, total, changed }) {
    this.list = list;
    this.total = total;
    this.changed = changed;
    this.element = h("div", { class: "equal-all" });
    this.leftOut = new Set(); // ids of the best of groups
    this.done = []; // {operation, groups, removed, isUndone}
    this.isBusy = false;
  }

  render() {
    const total = this.total();
    const count = total - this.leftOut.size;
    this.progress = h("progress", { max: 1, value: 0, hidden: true, "aria-label": t("equal.working") });
    const act = button(t("equal.keepBest", { count }), () => this.decide(), { class: "primary", id: "keep-all-best", disabled: this.isBusy || count === 0 });
    refill(
      this.element,
      total > 0 && h("p", { class: "fine" }, t("equal.further")),
      total > 0 && h("p", { class: "row" }, act, this.progress),
      this.done.length > 0 && this.outcome(),
    );
  }

  /** The tick of a group: without it the group stays as it is. */
  tick(id, name) {
    const change = (event) => {
      if (event.target.checked) this.leftOut.delete(id);
      else this.leftOut.add(id);
      this.render();
    };
    const box = h("input", { type: "checkbox", id: `tick-${id}`, checked: !this.leftOut.has(id), on: { change } });
    return h("p", { class: "check" }, box, h("label", { for: `tick-${id}` }, t("equal.tick"), h("span", { class: "unseen" }, `: ${name}`)));
  }

  /** All that are ticked, those that were never scrolled to as well, in parts. */
  async decide() {
    if (this.isBusy) return;
    this.isBusy = true;
    this.done = [];
    this.render();
    this.progress.hidden = false;
    const list = this.list();
    try {
      while (list.cursor) {
        const before = list.cursor;
        await list.more();
        if (list.cursor === before) return; // it was said why
      }
      const wanted = list.entries.filter(({ item }) => !this.leftOut.has(item.images[0].id));
      for (let at = 0; at < wanted.length; at += GROUPS) {
        const part = wanted.slice(at, at + GROUPS);
        const groups = part.map(({ item }) => item.images.map(({ id }) => id));
        const { operation_id: operation, removed } = await api.ask("/v1/duplicates/best", { json: { groups } });
        this.done.push({ operation, groups: groups.length, removed: removed.length, isUndone: false });
        for (const entry of part) list.remove(entry);
        this.progress.value = (at + part.length) / wanted.length;
      }
    } catch (error) {
      say(api.sentence(error));
    } finally {
      this.isBusy = false;
      this.changed();
      this.render();
      document.getElementById("outcome")?.focus();
    }
  }

  /** What was done, with the way back: each part by itself, or all of them in turn. */
  outcome() {
    const removed = this.done.reduce((sum, part) => sum + part.removed, 0);
    const open = this.done.filter((part) => part.operation && !part.isUndone);
    const row = (part, index) =>
      h(
        "li",
        {},
        t("equal.part", { place: index + 1, groups: part.groups, removed: part.removed }),
        part.isUndone ? h("span", { class: "fine" }, ` ${t("app.undone")}`) : part.operation && button(t("app.undo"), () => this.takeBack([part]), { class: "small", "aria-label": t("equal.undoPart", { place: index + 1 }) }),
      );
    return h(
      "section",
      { class: "outcome box", id: "outcome", tabindex: "-1", "aria-labelledby": "outcome-heading" },
      h("h2", { id: "outcome-heading" }, t("duplicates.removed", { count: removed })),
      h("ul", {}, this.done.map(row)),
      open.length > 1 && h("p", { class: "row" }, button(t("equal.undoAll"), () => this.takeBack(open.reverse()), { id: "undo-all" })),
    );
  }

  async takeBack(parts) {
    for (const part of parts) await undo(part.operation, (isDone) => (part.isUndone = isDone));
    this.changed();
    this.render();
  }
}
