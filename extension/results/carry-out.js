// Carries a search or an addition out: what the results page waits for.
import { originsOf } from "../api-client.js";
import * as browser from "../browser.js";
import { Unreadable } from "../page.js";
import { give, kept, Left, NoWay, patiently, resent } from "../search.js";
import { t } from "../shared/i18n.js";
import { Problem } from "../shared/problem.js";

/** The server's {limits, access}; throws a Problem where it cannot be asked. */
export async function reach(server, signal) {
  if (!(await browser.mayReach(originsOf(server.address)))) throw new Problem("no_access");
  return server.about({ signal });
}

/**
 * The outcome of a search {question, weak?, said?, again?}: {way, answer, tried, host, shrunk, kept}, where `kept` is what
 * was sent as far as it can be stored. `again`: an earlier outcome whose `kept` is sent once more.
 * `told(sent)` gets what was sent, whole.
 */
export async function carryOut({ question, weak = false, said, again }, { server, limits, signal, note, told }) {
  const act = (sent) => {
    told(sent);
    if (!question.adds) return server.search(sent, { weak, signal });
    return server.add(sent, { ...said, source_url: /^https?:/i.test(question.url ?? "") ? question.url : null }, { signal });
  };
  if (again) {
    const sent = await resent(again.kept);
    return { ...again, answer: await patiently(() => act(sent), { note, signal }) };
  }
  const retract = ({ operation_id: operation }) => operation && server.undo(operation);
  const texts = { pick: t("page.pick"), none: t("page.none"), area: t("page.area") };
  const { sent, ...outcome } = await give(question, act, { limits, texts, note, signal, retract });
  return { ...outcome, kept: await kept(sent) };
}

/** A failure as it can be stored and shown. */
export function failureOf(error) {
  if (error instanceof Left) return { code: "left" };
  if (error instanceof Unreadable) return { code: "unscriptable" };
  if (error instanceof Problem) {
    const { code, detail, retryAfter } = error;
    return { code, detail, retryAfter, ...(error instanceof NoWay && { tried: error.tried, host: error.host }) };
  }
  console.error(error);
  return { code: "internal", detail: String(error?.message ?? error) };
}
