/** Takes a job back, if nothing of it is on the way. */
import { findAction } from "../actions/catalog.ts";
import type { RedisConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import { findingsSchema } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";
import type { JobRef } from "../results/keys.ts";
import { ResultStore } from "../results/store.ts";
import { unknownJob } from "../results/wait.ts";
import { Deliveries, isWebhookSet } from "./deliveries.ts";
import { queueFor, queueJobId } from "./names.ts";
import type { Queues } from "./queues.ts";

export interface Cancellation {
  cancelled: boolean;
  /** Whether anything was sent already. */
  sent: boolean;
}

export class Canceller {
  readonly #store: ResultStore;
  readonly #queues: Queues;
  readonly #deliveries: Deliveries;

  constructor(redis: RedisClient, { prefix }: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#store = new ResultStore(redis, prefix, () => isWebhookSet(redis, prefix));
    this.#queues = queues;
    this.#deliveries = new Deliveries(redis, prefix, queues);
  }

  /** The record decides. Throws `not_found` for an unknown job. */
  async cancel(job: JobRef): Promise<Cancellation> {
    const failure = new Failure("cancelled", "the job was cancelled before it was sent");
    const findings = findingsSchema.parse({ output_message: failure.message, error: failure.toRecord() });
    const answer = await this.#store.cancel(job, findings);
    if (answer === null) throw unknownJob(job);
    const { cancelled, sent, generation, head } = answer;
    if (cancelled) {
      // If this process dies before, the worker that takes the job and finds it over does it.
      await this.#deliveries.tell(job.caseId);
      // One that waits would hold back later writes to its incident until then; awake, it finds that it is over.
      const queue = queueFor(findAction(head.action), head.instance, head.priority);
      await this.#queues.wake({ queue, queueJobId: queueJobId(head.job_id, generation) });
    }
    return { cancelled, sent };
  }
}
