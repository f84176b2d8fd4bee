/** A queue whose jobs have failed, without a worker of ours: each record is ended by hand, and BullMQ's job with it. */
import { UnrecoverableError, Worker } from "bullmq";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { Failure, type FailureCode } from "../../src/contract/failure.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import type { Enqueued } from "../../src/queue/enqueue.ts";
import type { FailedFilter } from "../../src/queue/failed-filter.ts";
import { FailedJobs } from "../../src/queue/failed-jobs.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import { Retrier } from "../../src/queue/retry.ts";
import { Settler } from "../../src/queue/settle.ts";
import { INCIDENTS, openQueue, update } from "./opened-queue.ts";

export const KEEP_MS = 60_000;
export const NOTE = { before: { status: "active" }, patch: { status: "resolved" } };

export function openFailures() {
  const opened = openQueue();
  const { redis, prefix, queues, store, enqueuer } = opened;
  const config = { prefix, mode: "single" } as const;
  const failedJobs = new FailedJobs(redis, config, queues);

  /** BullMQ's job that waits longest fails for good, and no other. */
  async function failNext(reason: string, queue = INCIDENTS): Promise<void> {
    const connection = new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
    const worker = new Worker(queue, null, { connection, prefix, autorun: false });
    const job = await worker.getNextJob("test", { block: false });
    if (job === undefined) throw new Error(`nothing waits in ${queue}`);
    await job.moveToFailed(new UnrecoverableError(reason), "test", false);
    await worker.close();
    connection.disconnect();
  }

  /** Enqueues a job that then fails as a worker would have it; `outcome_unknown` keeps what was sent. */
  async function fail(
    code: FailureCode,
    request: JobRequest = update(),
    { queue = INCIDENTS, generation = 1 } = {},
  ): Promise<Enqueued> {
    const job = await enqueuer.enqueue(request);
    const failure = new Failure(code, `it ended as ${code}`);
    if (code === "outcome_unknown") {
      const started = await store.start(job, generation);
      if (started.verdict !== "run") throw new Error(`not started: ${started.verdict}`);
      await store.send({ ...job, generation, run: started.run }, NOTE);
    }
    const findings = findingsSchema.parse({ output_message: failure.message, error: failure.toRecord() });
    await store.abandon(job, generation, { status: "failed", findings, attempts: 1 }, KEEP_MS);
    await failNext(`${code}: ${failure.message}`, queue);
    return job;
  }

  return {
    ...opened,
    failedJobs,
    retrier: new Retrier(redis, config, queues),
    settler: new Settler(redis, config, queues),
    fail,
    failNext,
    async list(filter?: FailedFilter) {
      const found = [];
      for await (const job of failedJobs.list(filter)) found.push(job);
      return found;
    },
    forgetResult: (job: Enqueued) => redis.del(opened.recordKey(job)),
  };
}
