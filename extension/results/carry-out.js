// Carries a search or an addition out: what the results page waits for.
import { originsOf } from "../api-client.js";
import * as browser from "../browser.js";
import { greet } from "../connection.js";
import { Unreadable } from "../page.js";
import { give, kept, Left, NoWay, patiently, resent } from "../search.js";
import { t } from "../shared/i18n.js";
import { Problem } from "../shared/problem.js";

const MOST_NEAR = 3;

/** The server's {limits, access}; throws a Problem where it cannot be asked. */
export async function reach(server, signal) {
  if (!(await browser.mayReach(originsOf(server.address)))) throw new Problem("no_access");
  return greet(server, { signal });
}

/**
 * The outcome of a search {question, weak?, said?, again?}: {way, answer, tried, host, shrunk, kept, near}, where `kept` is
 * what was sent as far as it can be stored, and `near` what an added picture nearly equals. `again`: an earlier outcome
 * whose `kept` is sent once more. `told(sent)` gets what was sent, whole.
 */
export async function carryOut(search, means) {
  const outcome = await carriedOut(search, means);
  return search.question.adds ? { ...outcome, near: await nearOf(outcome.answer, means.server) } : outcome;
}

async function carriedOut({ question, weak = false, said, again }, { server, limits, signal, note, told }) {
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
  // A capture is never added: it is a picture of the screen.
  const texts = { pick: t("page.pick"), none: t("page.none"), capture: question.adds ? "" : t("page.capture"), area: t("page.area") };
  const { sent, ...outcome } = await give(question, act, { limits, texts, note, signal, retract });
  return { ...outcome, kept: await kept(sent) };
}

/** The pictures of the library that an added one nearly equals, likeliest first, with `p_same` where the server says it. */
async function nearOf({ id, near = [] }, server) {
  if (!near.length) return [];
  const { near_duplicates: scored = [] } = await server.related(id).catch(() => ({})); // older servers do not know it
  const found = scored.length ? scored : await Promise.all(near.slice(0, MOST_NEAR).map((one) => server.image(one).catch(() => null)));
  return found.filter(Boolean).slice(0, MOST_NEAR);
}

/** A failure as it can be stored and shown. */
export function failureOf(error) {
  if (error instanceof Left) return { code: "left" };
  if (error instanceof Unreadable) return { code: "unscriptable" };
  if (error instanceof Problem) {
    const { code, detail, retryAfter, values } = error;
    return { code, detail, retryAfter, values, ...(error instanceof NoWay && { tried: error.tried, host: error.host }) };
  }
  console.error(error);
  return { code: "internal", detail: String(error?.message ?? error) };
}
