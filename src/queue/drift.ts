/** How far this machine's clock is from Redis's: expiry, pauses and windows are judged there, BullMQ's delays here. */
import type { RedisClient } from "../redis-script.ts";

/** Beyond it, delays of jobs are off by so much that an operator must know. */
export const LARGEST_DRIFT_MS = 3_000;

/**
 * Milliseconds that this machine is ahead of Redis for certain; negative when it is behind. An answer that was long under
 * way, as after an outage, leaves open when Redis looked at its clock.
 */
export async function measureDriftMs(redis: RedisClient): Promise<number> {
  const beforeMs = Date.now();
  const [seconds, microseconds] = await redis.time();
  const halfWayMs = (Date.now() - beforeMs) / 2;
  const driftMs = beforeMs + halfWayMs - (Number(seconds) * 1_000 + Number(microseconds) / 1_000);
  return Math.sign(driftMs) * Math.round(Math.max(0, Math.abs(driftMs) - halfWayMs));
}

/** A sentence for operators. */
export function describeDrift(driftMs: number): string {
  return `this machine is ${Math.abs(driftMs)} ms ${driftMs < 0 ? "behind" : "ahead of"} Redis`;
}
