/** What ops measures: the queues of all instances, and Redis. Read anew at every scrape. */
import { Cluster } from "ioredis";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { z } from "zod";
import type { InstanceQueue } from "../queue/instance-queues.ts";
import type { Queues } from "../queue/queues.ts";
import type { RedisClient } from "../redis-script.ts";

const STATES = ["waiting", "active", "delayed", "failed"] as const;

const redisTime = z.tuple([z.coerce.number(), z.coerce.number()]);
const enqueuedSchema = z.object({ enqueued_at: z.iso.datetime() });

interface Figures {
  queue: InstanceQueue;
  counts: Readonly<Record<string, number>>;
  oldestAgeMs: number;
}

export class QueueMetrics {
  readonly registry = new Registry();
  readonly #jobs: Gauge;
  readonly #oldestAge: Gauge;
  readonly #redisUp: Gauge;
  readonly #memoryUsed: Gauge;
  readonly #memoryMax: Gauge;

  constructor() {
    const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
      new Gauge({ name, help, labelNames, registers: [this.registry] });
    const queue = ["instance", "lane", "priority"];
    collectDefaultMetrics({ register: this.registry });
    this.#jobs = gauge("defender_queue_jobs", "Jobs in a queue by state.", [...queue, "state"]);
    this.#oldestAge = gauge(
      "defender_queue_oldest_waiting_age_seconds",
      "Time since the job at the head of the queue was enqueued; 0 when none waits.",
      queue,
    );
    this.#redisUp = gauge("defender_redis_up", "1 when Redis answered this scrape, else 0.");
    this.#memoryUsed = gauge("defender_redis_memory_used_bytes", "Memory that Redis uses.");
    this.#memoryMax = gauge(
      "defender_redis_memory_max_bytes",
      "Memory that Redis may use; 0 without a limit.",
    );
  }

  /** When Redis is away, only `defender_redis_up` is left, for old figures would be lies. */
  async collect(redis: RedisClient, queues: Queues, list: () => Promise<InstanceQueue[]>): Promise<void> {
    const read = await readAll(redis, queues, list).catch(() => null);
    this.#jobs.reset();
    this.#oldestAge.reset();
    this.#memoryUsed.remove();
    this.#memoryMax.remove();
    this.#redisUp.set(read === null ? 0 : 1);
    if (read === null) return;
    this.#memoryUsed.set(read.memory.used);
    this.#memoryMax.set(read.memory.max);
    for (const { queue, counts, oldestAgeMs } of read.figures) {
      const { instance, lane, priority } = queue;
      for (const state of STATES) this.#jobs.set({ instance, lane, priority, state }, counts[state] ?? 0);
      this.#oldestAge.set({ instance, lane, priority }, oldestAgeMs / 1_000);
    }
  }
}

async function readAll(redis: RedisClient, queues: Queues, list: () => Promise<InstanceQueue[]>) {
  const [[seconds, microseconds], memory] = await Promise.all([
    redis.time().then((time) => redisTime.parse(time)),
    readMemory(redis),
  ]);
  const nowMs = seconds * 1_000 + microseconds / 1_000;
  const figures = await Promise.all((await list()).map((queue) => readQueue(queue, queues, nowMs)));
  return { memory, figures };
}

async function readQueue(queue: InstanceQueue, queues: Queues, nowMs: number): Promise<Figures> {
  const opened = queues.get(queue.name);
  const [counts, [oldest]] = await Promise.all([
    opened.getJobCounts(...STATES),
    opened.getJobs(["waiting"], 0, 0, true),
  ]);
  const enqueued = enqueuedSchema.safeParse(oldest?.data);
  const sinceMs = enqueued.success ? Date.parse(enqueued.data.enqueued_at) : (oldest?.timestamp ?? nowMs);
  return { queue, counts, oldestAgeMs: Math.max(0, nowMs - sinceMs) };
}

/** Of all nodes together, in bytes. */
async function readMemory(redis: RedisClient): Promise<{ used: number; max: number }> {
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  const texts = await Promise.all(nodes.map((node) => node.info("memory")));
  const sum = (field: RegExp): number =>
    texts.reduce((total, text) => total + Number(field.exec(text)?.[1] ?? 0), 0);
  return { used: sum(/^used_memory:(\d+)/m), max: sum(/^maxmemory:(\d+)/m) };
}
