/** How all queues stand, and Redis with them: read anew for every scrape and every look for alerts. */
import { z } from "zod";
import { failedOf, isOver, type RunStatus, skippedOf } from "../bulk/run.ts";
import type { RunReader } from "../bulk/run-reader.ts";
import type { CredentialEnd, CredentialEnds } from "../queue/credential-ends.ts";
import { type Memory, readMemory } from "../queue/memory.ts";
import { runsQueueName } from "../queue/names.ts";
import type { Queues } from "../queue/queues.ts";
import type { Stop, Stops } from "../queue/stops.ts";
import type { RedisClient } from "../redis-script.ts";
import type { ShownQueue } from "./shown-queues.ts";

/** As many are read of every queue. */
export const NEWEST_FAILED = 200;
export const STATES = ["waiting", "active", "delayed", "failed"] as const;

export const LIVE_STATES = ["selecting", "running", "paused"] as const;
export const ITEM_ENDS = ["changed", "unchanged", "skipped", "failed", "waiting", "in_hand"] as const;

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

/** Bulk runs of an instance that are not over, and their incidents by what became of them. */
export interface BulkState {
  instance: string;
  runs: Readonly<Record<(typeof LIVE_STATES)[number], number>>;
  items: Readonly<Record<(typeof ITEM_ENDS)[number], number>>;
  /** Those that listen for bulk runs. */
  workers: number;
}

export interface Situation {
  /** Redis's time. */
  nowMs: number;
  figures: readonly QueueState[];
  bulk: readonly BulkState[];
  memory: Memory;
  stops: readonly Stop[];
  /** When credentials end, as far as it is known. */
  ends: readonly CredentialEnd[];
}

const LATELY_MS = 10 * 60_000;

/** Where a situation is read. */
export interface Sources {
  redis: RedisClient;
  queues: Queues;
  list(): Promise<ShownQueue[]>;
  runs: Pick<RunReader, "live">;
  stops: Pick<Stops, "list">;
  ends: Pick<CredentialEnds, "list">;
}

/** Rejects, or takes long, when Redis is away. */
export async function readSituation({ redis, queues, list, runs, stops, ends }: Sources): Promise<Situation> {
  const [[seconds, microseconds], memory, stopped, listed, live, ended] = await Promise.all([
    redis.time().then((time) => redisTime.parse(time)),
    readMemory(redis),
    stops.list(),
    list(),
    runs.live(),
    ends.list(),
  ]);
  const nowMs = seconds * 1_000 + microseconds / 1_000;
  const instances = [
    ...new Set([...listed.filter(({ lane }) => lane === "ping"), ...live].map(({ instance }) => instance)),
  ];
  const [figures, bulk] = await Promise.all([
    Promise.all(listed.map((queue) => readQueue(queue, queues, nowMs))),
    Promise.all(instances.map((instance) => readBulk(instance, live, queues))),
  ]);
  return { nowMs, memory, stops: stopped, ends: ended, figures, bulk };
}

async function readBulk(instance: string, live: readonly RunStatus[], queues: Queues): Promise<BulkState> {
  const runs = live.filter((run) => run.instance === instance && !isOver(run.state));
  const sum = (count: (run: RunStatus) => number): number =>
    runs.reduce((total, run) => total + count(run), 0);
  const inState = (state: (typeof LIVE_STATES)[number]): number =>
    runs.filter((run) => run.state === state).length;
  return {
    instance,
    runs: { selecting: inState("selecting"), running: inState("running"), paused: inState("paused") },
    items: {
      changed: sum(({ counts }) => counts.changed),
      unchanged: sum(({ counts }) => counts.unchanged),
      skipped: sum(({ counts }) => skippedOf(counts)),
      failed: sum(({ counts }) => failedOf(counts)),
      waiting: sum(({ counts }) => counts.waiting),
      in_hand: sum(({ counts }) => counts.in_hand),
    },
    workers: await queues.get(runsQueueName(instance)).getWorkersCount(),
  };
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
