/** BullMQ's queues, opened when first needed and closed together. */
import { Queue } from "bullmq";
import type { RedisConfig } from "../config.ts";
import type { RedisClient } from "../redis-script.ts";
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
    const queue = new Queue(name, { connection: this.#redis, prefix: queueKeyPrefix(this.#config, name) });
    // The connection reports its own errors; without a listener BullMQ's copy of them would end the process.
    queue.on("error", () => undefined);
    this.#open.set(name, queue);
    return queue;
  }

  /** Whether a job may still run. */
  async isAlive({ queue, queueJobId }: QueuedJob): Promise<boolean> {
    const state = await this.get(queue).getJobState(queueJobId);
    return state !== "unknown" && state !== "completed" && state !== "failed";
  }

  /** Brings a delayed job to the front at once; one in any other state is left alone. */
  async wake({ queue, queueJobId }: QueuedJob): Promise<void> {
    if ((await this.get(queue).getJobState(queueJobId)) !== "delayed") return;
    const job = await this.get(queue).getJob(queueJobId);
    // Another worker may have woken it in between.
    await job?.promote().catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((queue) => queue.close()));
  }
}
