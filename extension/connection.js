// Meets the server; where that fails, finds out what is in the way, as far as a browser lets an extension know: of a request
// that failed it says no more than that. What can be told apart is told apart by further requests, without the key.
import { isHere } from "./api-client.js";
import { Problem } from "./shared/problem.js";

const PATIENCE_MS = 5_000;
const LOCAL_NAME = /^[^.]+$|\.(local|localdomain|lan|home|home\.arpa|internal|intranet|box)$/i;

/** What the server says of itself; throws a Problem that names the next step. */
export async function greet(server, options = {}) {
  try {
    return await server.about(options);
  } catch (error) {
    throw options.signal?.aborted ? error : await explained(error, server.address);
  }
}

async function explained(error, address) {
  const { host, hostname } = new URL(address);
  const named = (code) => new Problem(code, { values: { address, host, name: hostname } });
  if (error.code === "wrong_host") return named("host_not_allowed");
  if (error.code === "unreachable") return named(await obstacle(address));
  // A server of https says "bad request" to what is not encrypted.
  if (error.code === "not_pictrace" && error.status === 400 && (await speaksHttps(address))) return named("https_only");
  return error;
}

async function obstacle(address) {
  const { protocol, hostname } = new URL(address);
  if (await sendsOn(address)) return "sends_on";
  if (protocol === "https:") return "no_secure_connection";
  if (await speaksHttps(address)) return "https_only";
  if (isHere(address)) return "nothing_here";
  return LOCAL_NAME.test(hostname) ? "nothing_by_name" : "nothing_there";
}

/** Whether a server answers with another address: it is not followed, for it would be given the key. */
async function sendsOn(address) {
  const response = await asked(`${address}/v1/server`, { redirect: "manual" });
  return response?.type === "opaqueredirect";
}

/** Whether something answers there by https, with a certificate that the browser takes. */
async function speaksHttps(address) {
  const { protocol } = new URL(address);
  return protocol === "http:" && Boolean(await asked(address.replace(/^http:/, "https:"), { mode: "no-cors" }));
}

function asked(url, how) {
  const kept = { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
  return fetch(url, { ...kept, ...how }).catch(() => null);
}
