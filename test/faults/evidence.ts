/** What a test leaves behind: the simulator's ledger, results, everything in Redis, and what the workers logged. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Result } from "../../producers/client.ts";
import { connectWorker } from "../../src/queue/connection.ts";
import { listQueues } from "../../src/queue/instance-queues.ts";
import { Queues } from "../../src/queue/queues.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import type { RedisConfig } from "../../src/settings/redis.ts";
import type { Ledger } from "../support/control.ts";
import { dumpRedis } from "../support/redis-dump.ts";
import type { Accepted, Rig } from "../support/rig.ts";

export interface Evidence {
  /** In the order they were accepted; the result is null when nobody knows the job. */
  jobs: readonly {
    accepted: Accepted;
    result: Result | null;
    /** As it was when it was first seen final, if somebody waited for it. */
    final?: Result | undefined;
  }[];
  ledger: Ledger;
  /** What is true of each incident that was written to. */
  incidents: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Jobs that BullMQ still means to run, as `queue: state`. */
  unfinished: readonly string[];
  /** Incidents that still hold a turn for somebody. */
  turns: readonly string[];
  logs: readonly string[];
  redis: string;
  clientSecret: string;
}

/** A result is final a moment before BullMQ hears of it, and after a kill there it takes a lock's time and two sweeps. */
const PATIENCE_MS = 45_000;

export async function collectEvidence(rig: Rig): Promise<Evidence> {
  const { client, accepted, finals, simulator, workers, clientSecret } = rig;
  const unfinished = await settled(rig.redis);
  const results = await Promise.all(accepted.map((job) => client.result(job)));
  const ledger = await simulator.ledger();
  const written = [...new Set(ledger.effects.map(({ incidentId }) => incidentId))];
  const states = await Promise.all(written.map(async (id) => [id, await simulator.incident(id)] as const));
  const redis = await dumpRedis(rig.redis);
  return {
    jobs: accepted.map((job, index) => ({
      accepted: job,
      result: results[index] ?? null,
      final: finals.get(job.jobId),
    })),
    ledger,
    incidents: Object.fromEntries(states),
    unfinished,
    turns: [...new Set(redis.match(/\{incident-[^"}]*\}:turns/g) ?? [])],
    logs: workers.flatMap(({ log }) => [...log]),
    redis,
    clientSecret,
  };
}

/** Waits until BullMQ has nothing left to do, and gives what is left when it takes too long. */
async function settled(config: RedisConfig): Promise<string[]> {
  const redis = connectWorker(config);
  const queues = new Queues(redis, config);
  const deadlineMs = performance.now() + PATIENCE_MS;
  try {
    for (;;) {
      const left = await unfinishedIn(queues, redis, config.prefix);
      if (left.length === 0 || performance.now() > deadlineMs) return left;
      await sleep(200);
    }
  } finally {
    await queues.close();
    redis.disconnect();
  }
}

async function unfinishedIn(queues: Queues, redis: RedisClient, prefix: string): Promise<string[]> {
  const left = (await listQueues(redis, prefix)).map(async ({ name }) => {
    const counts = await queues.get(name).getJobCounts("waiting", "active", "delayed", "prioritized");
    return Object.entries(counts).flatMap(([state, count]) =>
      count === 0 ? [] : [`${name}: ${count} ${state}`],
    );
  });
  return (await Promise.all(left)).flat();
}
