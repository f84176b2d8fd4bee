/** How one queue stands: its jobs, its workers, what of it has failed, and whether it is held. */
import type { Queue } from "bullmq";
import { z } from "zod";
import { FAILURE_CODES, type FailureCode } from "../contract/failure.ts";
import { keysOf } from "../contract/table.ts";
import { FailedSet } from "../queue/failed-set.ts";
import { WORKER_OPTIONS } from "../queue/options.ts";
import type { RedisClient } from "../redis-script.ts";
import type { ShownQueue } from "./shown-queues.ts";

export const STATES = ["waiting", "active", "delayed", "failed"] as const;

/** `other`: BullMQ gave it up, or it is told to the webhook. */
export type DeadCode = Exclude<FailureCode, "cancelled" | "outcome_unknown"> | "other";

export interface QueueState {
  queue: ShownQueue;
  counts: Readonly<Record<string, number>>;
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
const enqueuedSchema = z.object({ enqueued_at: z.iso.datetime() });

export async function readQueue(
  queue: ShownQueue,
  opened: Queue,
  redis: RedisClient,
  nowMs: number,
): Promise<QueueState> {
  const [counts, [oldest], workers, failed, heldMs, isPaused, lastEndMs] = await Promise.all([
    opened.getJobCounts(...STATES),
    opened.getJobs(["waiting"], 0, 0, true),
    opened.getWorkersCount(),
    countFailed(new FailedSet(redis, opened), nowMs),
    // Without the number it is also the time until the worker's own limiter turns, which never is reached.
    opened.getRateLimitTtl(WORKER_OPTIONS.limiter.max),
    opened.isPaused(),
    readLastEnd(redis, opened),
  ]);
  const enqueued = enqueuedSchema.safeParse(oldest?.data);
  const sinceMs = enqueued.success ? Date.parse(enqueued.data.enqueued_at) : (oldest?.timestamp ?? nowMs);
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
