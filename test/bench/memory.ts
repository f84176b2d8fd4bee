/** How much memory processes, and the keys of a run, take. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Redis } from "ioredis";

const LOOK_EVERY_MS = 250;
const KIB = 1_024;

/** Looks at a process now and then; `stop` gives the most that it held, in bytes. */
export function watchMemory(pid: number): { stop(): number } {
  let peakBytes = 0;
  const look = (): void => {
    residentBytes(pid).then(
      (bytes) => {
        peakBytes = Math.max(peakBytes, bytes);
      },
      () => undefined,
    );
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  look();
  return {
    stop() {
      clearInterval(looking);
      return peakBytes;
    },
  };
}

async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(stdout.trim()) * KIB;
}

/** Of all keys with these words in their names, in bytes. */
export async function keyBytes(redis: Redis, words: string): Promise<number> {
  let bytes = 0;
  for await (const keys of redis.scanStream({ match: `*${words}*`, count: 1_000 }))
    for (const key of keys) bytes += Number(await redis.memory("USAGE", key, "SAMPLES", 0));
  return bytes;
}
