/** Whether a worker hears nothing of its queues although Redis answers: it is stuck, and only a new process helps. */
import { type Checks, problemOf } from "./health.ts";

const LOOK_EVERY_MS = 5_000;
/** Connections that broke are there again within half a minute. */
const LONGEST_DEAFNESS_MS = 60_000;

/** Resolves once it has lasted for too long; never while Redis itself does not answer, for that no restart heals. */
export function untilDeaf(
  { redis, queues }: Pick<Checks, "redis" | "queues">,
  { everyMs = LOOK_EVERY_MS, longestMs = LONGEST_DEAFNESS_MS } = {},
): Promise<"deaf"> {
  return new Promise((resolve) => {
    let sinceMs: number | null = null;
    let isLooking = false;
    const looking = setInterval(async () => {
      if (isLooking) return;
      isLooking = true;
      const [away, deaf] = [await problemOf(redis), await problemOf(queues)];
      isLooking = false;
      sinceMs = away === null && deaf !== null ? (sinceMs ?? performance.now()) : null;
      if (sinceMs === null || performance.now() - sinceMs < longestMs) return;
      clearInterval(looking);
      resolve("deaf");
    }, everyMs);
    looking.unref();
  });
}
