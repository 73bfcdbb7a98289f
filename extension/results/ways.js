// The ways by which a picture may get to the server, in words.
import { has, t } from "../shared/i18n.js";
import { sentence } from "../shared/problem.js";

/** Why a way was not taken, as a piece of a list. */
export function reasonOf({ way, code }) {
  return `${t(`way.short.${way}`)}: ${has(`reason.${code}`) ? t(`reason.${code}`) : sentence({ code })}`;
}
