/** Compiles the contestants as the product is compiled: run from source, the loader would be measured along with them. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Below `node_modules`, so that packages are found from there. */
const CACHE = `${ROOT}node_modules/.cache/defender-actions`;
const TSC = `${ROOT}node_modules/typescript/bin/tsc`;
const UNCHECKED = ["--noCheck", "--declaration", "false", "--incremental", "false"];

/** Gives a folder of the caller's own, which holds all of our source as JavaScript. */
export async function compile(): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(`${CACHE}/bench-`);
  await promisify(execFile)(process.execPath, [
    TSC,
    "-p",
    `${ROOT}tsconfig.json`,
    "--outDir",
    folder,
    ...UNCHECKED,
  ]);
  return folder;
}
