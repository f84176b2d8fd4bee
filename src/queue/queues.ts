/** BullMQ's queues, opened when first needed and closed together. */
import { type JobState, Queue } from "bullmq";
import type { RedisConfig } from "../config.ts";
import type { RedisClient } from "../redis-script.ts";
import { queueTelemetry } from "../trace/tracer.ts";
import { queueKeyPrefix } from "./names.ts";
import type { QueuedJob } from "./turns.ts";

export class Queues {
  readonly #redis: RedisClient;
  readonly #config: Pick<RedisConfig, "prefix" | "mode">;
  readonly #open = new Map<string, Queue>();

  constructor(redis: RedisClient, config: Pick<RedisConfig, "prefix" | "mode">) {
    this.#redis = redis;
    this.#config = config;
  }

  get(name: string): Queue {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, {
      connection: this.#redis,
      prefix: queueKeyPrefix(this.#config, name),
      ...queueTelemetry(),
    });
    // The connection reports its own errors; without a listener BullMQ's copy of them would end the process.
    queue.on("error", () => undefined);
    this.#open.set(name, queue);
    return queue;
  }

  /** BullMQ's state of a job; `unknown` when it is not there. */
  async stateOf({ queue, queueJobId }: QueuedJob): Promise<JobState | "unknown"> {
    return await this.get(queue).getJobState(queueJobId);
  }

  /** Makes room for a job whose predecessor BullMQ has kept for longer than its result was: it would not add another of that id. */
  async forgetFinished(job: QueuedJob): Promise<void> {
    const state = await this.stateOf(job);
    if (state === "completed" || state === "failed") await this.get(job.queue).remove(job.queueJobId);
  }

  /** Brings a delayed job to the front at once; one in any other state is left alone. */
  async wake({ queue, queueJobId }: QueuedJob): Promise<void> {
    const job = await this.get(queue).getJob(queueJobId);
    // Only a delayed job can be promoted, and another worker may just have done it: both are no error here.
    await job?.promote().catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((queue) => queue.close()));
  }
}
