/** How all queues stand, and Redis with them: read anew for every scrape and every look for alerts. */
import { z } from "zod";
import { failedOf, isOver, type RunStatus, skippedOf } from "../bulk/run.ts";
import type { RunReader } from "../bulk/run-reader.ts";
import type { CredentialEnd, CredentialEnds } from "../queue/credential-ends.ts";
import type { CredentialRefusal, CredentialRefusals } from "../queue/credential-refusals.ts";
import { type Memory, readMemory } from "../queue/memory.ts";
import { runsQueueName } from "../queue/names.ts";
import type { Queues } from "../queue/queues.ts";
import type { Stop, Stops } from "../queue/stops.ts";
import type { RedisClient } from "../redis-script.ts";
import { type QueueState, readQueue } from "./queue-state.ts";
import type { ShownQueue } from "./shown-queues.ts";

export const LIVE_STATES = ["selecting", "running", "paused"] as const;
export const ITEM_ENDS = ["changed", "unchanged", "skipped", "failed", "waiting", "in_hand"] as const;

const redisTime = z.tuple([z.coerce.number(), z.coerce.number()]);

/** Bulk runs of an instance that are not over, and their incidents by what became of them. */
export interface BulkState {
  instance: string;
  runs: Readonly<Record<(typeof LIVE_STATES)[number], number>>;
  /** Those that paused themselves, for too many incidents failed. */
  halted: number;
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
  refusals: readonly CredentialRefusal[];
}

/** Where a situation is read. */
export interface Sources {
  redis: RedisClient;
  queues: Queues;
  list(): Promise<ShownQueue[]>;
  runs: Pick<RunReader, "live">;
  stops: Pick<Stops, "list">;
  ends: Pick<CredentialEnds, "list">;
  refusals: Pick<CredentialRefusals, "list">;
}

/** Rejects, or takes long, when Redis is away. */
export async function readSituation({
  redis,
  queues,
  list,
  runs,
  stops,
  ends,
  refusals,
}: Sources): Promise<Situation> {
  const [[seconds, microseconds], memory, stopped, listed, live, ended, refused] = await Promise.all([
    redis.time().then((time) => redisTime.parse(time)),
    readMemory(redis),
    stops.list(),
    list(),
    runs.live(),
    ends.list(),
    refusals.list(),
  ]);
  const nowMs = seconds * 1_000 + microseconds / 1_000;
  const instances = [
    ...new Set([...listed.filter(({ lane }) => lane === "ping"), ...live].map(({ instance }) => instance)),
  ];
  const [figures, bulk] = await Promise.all([
    Promise.all(listed.map((queue) => readQueue(queue, queues.get(queue.name), redis, nowMs))),
    Promise.all(instances.map((instance) => readBulk(instance, live, queues))),
  ]);
  return { nowMs, memory, stops: stopped, ends: ended, refusals: refused, figures, bulk };
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
    // A person who pauses one gives no reason.
    halted: runs.filter(({ state, reason }) => state === "paused" && reason !== null).length,
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
