/** For `node --import`: writes the address of every module that is imported to standard error. */
import { writeSync } from "node:fs";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

if (isMainThread) register(import.meta.url);

export async function load(url, context, nextLoad) {
  writeSync(2, `loaded ${url}\n`);
  return await nextLoad(url, context);
}
