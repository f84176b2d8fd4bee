/** A queue on a prefix of its own, and requests to put on it. */
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { Canceller } from "../../src/queue/cancel.ts";
import { Enqueuer } from "../../src/queue/enqueue.ts";
import { Queues } from "../../src/queue/queues.ts";
import type { EnqueueOptions, JobRequest } from "../../src/queue/request.ts";
import { Turns } from "../../src/queue/turns.ts";
import { caseKeys, type JobRef } from "../../src/results/keys.ts";
import { ResultReader } from "../../src/results/reader.ts";
import { ResultStore } from "../../src/results/store.ts";
import { randomPrefix } from "../support/prefix.ts";

export const INCIDENTS = "defender-default-incidents";

export function openQueue() {
  const redis = new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
  const config = { prefix: randomPrefix(), mode: "single" as const };
  const queues = new Queues(redis, config);
  onTestFinished(async () => {
    await queues.close();
    redis.disconnect();
  });
  const enqueuer = new Enqueuer(redis, config, queues);
  return {
    ...config,
    redis,
    queues,
    enqueuer,
    canceller: new Canceller(redis, config, queues),
    store: new ResultStore(redis, config.prefix),
    reader: new ResultReader(redis, config.prefix),
    turns: new Turns(redis, config.prefix),
    recordKey: ({ caseId, jobId }: JobRef) => caseKeys(config.prefix, caseId).record(jobId),
    jobs: async (name = INCIDENTS) => (await queues.get(name).getJobs(["waiting"])).reverse(),
    /** All keys of the prefix but those that BullMQ makes when a queue is opened. */
    keys: async () => (await redis.keys(`${config.prefix}*`)).filter((key) => !key.endsWith(":meta")),
  };
}

export function update(change: object = {}, options: EnqueueOptions = {}): JobRequest {
  return {
    action: "update_incident",
    input: { case_id: "4711", incident_id: 29, status: ["Resolved"], ...change },
    options,
  };
}

export async function refusal(refused: Promise<unknown>): Promise<Failure> {
  const error: unknown = await refused.then(
    () => new Error("accepted"),
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw error;
}
