// The extension as it is packed, for what its modules share with the page lies beside them only there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACK = fileURLToPath(new URL("../../../extension/pack.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pictrace-extension-"));
execFileSync(process.env.PYTHON ?? "python3", [PACK, folder]);
process.on("exit", () => rmSync(folder, { recursive: true }));

export const ROOT = pathToFileURL(`${folder}/chromium/`);

/** @param {string} path */
export const load = (path) => import(new URL(path, ROOT).href);
