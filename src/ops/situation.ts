/** How all queues stand, and Redis with them: read anew for every scrape and every look for alerts. */
import { z } from "zod";
import type { CredentialEnd, CredentialEnds } from "../queue/credential-ends.ts";
import { type Memory, readMemory } from "../queue/memory.ts";
import type { Queues } from "../queue/queues.ts";
import type { Stop, Stops } from "../queue/stops.ts";
import type { RedisClient } from "../redis-script.ts";
import type { ShownQueue } from "./shown-queues.ts";

/** As many are read of every queue. */
export const NEWEST_FAILED = 200;
export const STATES = ["waiting", "active", "delayed", "failed"] as const;

const redisTime = z.tuple([z.coerce.number(), z.coerce.number()]);
const enqueuedSchema = z.object({ enqueued_at: z.iso.datetime() });

export interface QueueState {
  queue: ShownQueue;
  counts: Readonly<Record<string, number>>;
  oldestAgeMs: number;
  workers: number;
  /** Of the newest failed jobs: those whose outcome is unknown, and how many a refused credential failed lately. */
  unsettled: number;
  refused: number;
  /** Until workers take jobs of it again; 0 now. */
  heldMs: number;
}

export interface Situation {
  /** Redis's time. */
  nowMs: number;
  figures: readonly QueueState[];
  memory: Memory;
  stops: readonly Stop[];
  /** When credentials end, as far as it is known. */
  ends: readonly CredentialEnd[];
}

const LATELY_MS = 10 * 60_000;

/** Rejects, or takes long, when Redis is away. */
export async function readSituation(
  redis: RedisClient,
  queues: Queues,
  list: () => Promise<ShownQueue[]>,
  stopList: Pick<Stops, "list">,
  credentialEnds: Pick<CredentialEnds, "list">,
): Promise<Situation> {
  const [[seconds, microseconds], memory, stops, ends] = await Promise.all([
    redis.time().then((time) => redisTime.parse(time)),
    readMemory(redis),
    stopList.list(),
    credentialEnds.list(),
  ]);
  const nowMs = seconds * 1_000 + microseconds / 1_000;
  const figures = await Promise.all((await list()).map((queue) => readQueue(queue, queues, nowMs)));
  return { nowMs, memory, stops, ends, figures };
}

async function readQueue(queue: ShownQueue, queues: Queues, nowMs: number): Promise<QueueState> {
  const opened = queues.get(queue.name);
  const [counts, [oldest], workers, failed, heldMs] = await Promise.all([
    opened.getJobCounts(...STATES),
    opened.getJobs(["waiting"], 0, 0, true),
    opened.getWorkersCount(),
    opened.getFailed(0, NEWEST_FAILED - 1),
    opened.getRateLimitTtl(),
  ]);
  const enqueued = enqueuedSchema.safeParse(oldest?.data);
  const sinceMs = enqueued.success ? Date.parse(enqueued.data.enqueued_at) : (oldest?.timestamp ?? nowMs);
  // Another than ours may have removed one of them meanwhile.
  const failedAs = (code: string, sinceMs: number): number =>
    failed.filter((job) => job?.failedReason?.startsWith(`${code}:`) && (job.finishedOn ?? 0) >= sinceMs)
      .length;
  return {
    queue,
    counts,
    oldestAgeMs: Math.max(0, nowMs - sinceMs),
    workers,
    unsettled: failedAs("outcome_unknown", 0),
    refused: failedAs("auth_failed", nowMs - LATELY_MS),
    heldMs: Math.max(0, heldMs),
  };
}
