/** Calls that Defender refuses although our limit let them go, and time that passes for a gate at once. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { Failure } from "../../src/contract/failure.ts";
import type { Gate } from "../../src/defender/gate.ts";
import { passage, refusal } from "./opened-gate.ts";

const SHORT_PAUSE_MS = 1;
const TIMES = ["until", "pacedUntil", "refusedAt", "loweredAt"];

/** For the state of a gate at `base`, `ms` pass. */
export async function elapse(redis: Redis, base: string, ms: number): Promise<void> {
  const key = `${base}:pause`;
  const stored = Object.keys(await redis.hgetall(key));
  for (const field of TIMES) if (stored.includes(field)) await redis.hincrby(key, field, -ms);
}

/** Comes back until one call is let go, among those of others; it is refused then. */
export async function refusePersistently(gate: Gate): Promise<void> {
  for (;;) {
    try {
      return await refuse(gate);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "throttled") throw error;
      await sleep(error.details.retryAfterMs ?? 0);
    }
  }
}

/** One call is let go and refused, because there were too many. */
export async function refuse(gate: Gate): Promise<void> {
  const failure = await refusal(
    gate.run(passage(), async (sent, admittedAtMs) => {
      sent();
      const retryAfterMs = await gate.pause(SHORT_PAUSE_MS, admittedAtMs);
      throw new Failure("throttled", "429", { httpStatus: 429, heldBack: "throttled", retryAfterMs });
    }),
  );
  if (failure.details.httpStatus !== 429) throw failure;
}
