/** How one queue stands: its jobs, its workers, what of it has failed, and whether it is held. */
import type { Queue } from "bullmq";
import { z } from "zod";
import { FAILURE_CODES, type FailureCode } from "../contract/failure.ts";
import { keysOf } from "../contract/table.ts";
import { FailedSet } from "../queue/failed-set.ts";
import { WORKER_OPTIONS } from "../queue/options.ts";
import { defineScript, type RedisClient } from "../redis-script.ts";
import type { ShownQueue } from "./shown-queues.ts";

export const STATES = ["waiting", "active", "delayed", "failed"] as const;

/** `other`: BullMQ gave it up, or it is told to the webhook. */
export type DeadCode = Exclude<FailureCode, "cancelled" | "outcome_unknown"> | "other";

export interface QueueState {
  queue: ShownQueue;
  counts: Readonly<Record<string, number>>;
  /** Of the jobs that wait in line or by themselves; 0 for none. */
  oldestAgeMs: number;
  workers: number;
  /** Failed writes whose outcome is unknown, and how many jobs a refused credential failed lately. */
  unsettled: number;
  refused: number;
  /** Jobs that failed for good within a day, by code; not those that a person cancelled or has to settle. */
  dead: ReadonlyMap<DeadCode, number>;
  /** Until workers take jobs of it again; 0 now. */
  heldMs: number;
  /** Paused on the board. */
  isPaused: boolean;
  /** When a job of it ended last; 0 for never. */
  lastEndMs: number;
}

const CODES = keysOf(FAILURE_CODES);
const LATELY_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** Of those that wait by themselves, so many are looked at. */
const MOST_DELAYED = 1_000;

const enqueuedSchema = z.object({ enqueued_at: z.iso.datetime() });

/** When the oldest of those that wait by themselves was enqueued; empty for none. ARGV: what jobs' keys begin with. */
const readOldestDelayed = defineScript(`
local oldest = ''
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, ${MOST_DELAYED - 1})) do
  local at = string.match(redis.call('HGET', ARGV[1] .. id, 'data') or '', '"enqueued_at":"([^"]+)"')
  if at and (oldest == '' or at < oldest) then oldest = at end
end
return oldest
`);

export async function readQueue(
  queue: ShownQueue,
  opened: Queue,
  redis: RedisClient,
  nowMs: number,
): Promise<QueueState> {
  const [counts, [head], delayed, workers, failed, heldMs, isPaused, lastEndMs] = await Promise.all([
    opened.getJobCounts(...STATES),
    opened.getJobs(["waiting"], 0, 0, true),
    readOldestDelayed(redis, [opened.toKey("delayed")], [opened.toKey("")]),
    opened.getWorkersCount(),
    countFailed(new FailedSet(redis, opened), nowMs),
    // Without the number it is also the time until the worker's own limiter turns, which never is reached.
    opened.getRateLimitTtl(WORKER_OPTIONS.limiter.max),
    opened.isPaused(),
    readLastEnd(redis, opened),
  ]);
  const sinceMs = Math.min(
    enqueuedMs(head?.data) ?? head?.timestamp ?? nowMs,
    enqueuedMs({ enqueued_at: delayed }) ?? nowMs,
  );
  return {
    queue,
    counts,
    oldestAgeMs: Math.max(0, nowMs - sinceMs),
    workers,
    ...failed,
    heldMs: Math.max(0, heldMs),
    isPaused,
    lastEndMs,
  };
}

/** Null for what is no job of ours. */
function enqueuedMs(data: unknown): number | null {
  const enqueued = enqueuedSchema.safeParse(data);
  return enqueued.success ? Date.parse(enqueued.data.enqueued_at) : null;
}

async function countFailed(
  set: FailedSet,
  nowMs: number,
): Promise<Pick<QueueState, "unsettled" | "refused" | "dead">> {
  const dead = new Map<DeadCode, number>();
  let unsettled = 0;
  let refused = 0;
  for await (const { code: given, failedAtMs } of set.codes()) {
    const code = CODES.find((known) => known === given) ?? "other";
    if (code === "outcome_unknown") unsettled += 1;
    else if (code !== "cancelled" && failedAtMs > nowMs - DAY_MS) dead.set(code, (dead.get(code) ?? 0) + 1);
    if (code === "auth_failed" && failedAtMs > nowMs - LATELY_MS) refused += 1;
  }
  return { unsettled, refused, dead };
}

async function readLastEnd(redis: RedisClient, queue: Queue): Promise<number> {
  const newest = await Promise.all(
    ["completed", "failed"].map((set) => redis.zrevrange(queue.toKey(set), 0, 0, "WITHSCORES")),
  );
  return Math.max(0, ...newest.map(([, atMs = 0]) => Number(atMs)));
}
