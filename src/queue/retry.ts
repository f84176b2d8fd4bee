/** Asks for a failed job anew, as a person wants it. */
import type { RedisConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import type { Job } from "../contract/job.ts";
import type { RedisClient } from "../redis-script.ts";
import type { Settlement } from "../results/store.ts";
import { askedMeanwhile, type Enqueued, Enqueuer, unsettled } from "./enqueue.ts";
import { FailedJobs, type FoundJob, type JobTarget } from "./failed-jobs.ts";
import type { Queues } from "./queues.ts";

export class Retrier {
  readonly #enqueuer: Enqueuer;
  readonly #failedJobs: FailedJobs;
  readonly #queues: Queues;

  constructor(redis: RedisClient, config: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#enqueuer = new Enqueuer(redis, config, queues);
    this.#failedJobs = new FailedJobs(redis, config, queues);
    this.#queues = queues;
  }

  /**
   * A new generation, which queues up behind the writes that its incident has. Throws `not_found` for an unknown job,
   * `conflict` for one that has not failed or must be settled first, `invalid_input` for one whose arguments cannot be used.
   */
  async retry(target: JobTarget): Promise<Enqueued> {
    const found = await this.#failedJobs.find(target);
    // The record knows, but it may be gone.
    if (found.job.code === "outcome_unknown") throw unsettled(found.job.jobId);
    return await this.again(found);
  }

  /** Whatever the code: the record still refuses one that must be settled, and any but the first of several who ask. */
  async again(found: FoundJob, settlement?: Settlement): Promise<Enqueued> {
    const payload = argumentsOf(found);
    const { job_id: jobId, case_id: caseId, action } = payload;
    if ((await this.#enqueuer.again(payload, settlement)) !== "now") throw askedMeanwhile(jobId);
    await forget(found, this.#queues);
    return { jobId, caseId, action, deduplicated: false };
  }
}

/** Takes the job out of BullMQ's failed set. Should it stay there, the record still says that it is not failed any more. */
export async function forget({ entry }: FoundJob, queues: Queues): Promise<void> {
  if (entry !== null) await queues.get(entry.queue.name).remove(entry.queueJobId);
}

function argumentsOf({ job: { jobId }, payload, entry }: FoundJob): Job {
  if (payload !== null) return payload;
  const why = entry === null ? "its arguments are not kept any more" : "its payload is not a job of ours";
  throw new Failure("invalid_input", `job ${JSON.stringify(jobId)} cannot be asked for again: ${why}`, {
    hint: "Enqueue it anew if it is still wanted.",
  });
}
