/** What ops measures: the queues of all instances, and Redis. Read anew at every scrape. */
import { Gauge, Registry } from "prom-client";
import type { RowSets } from "../results/row-sets.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { STATES } from "./queue-state.ts";
import { ITEM_ENDS, LIVE_STATES, readSituation, type Sources } from "./situation.ts";

export class QueueMetrics {
  readonly registry = new Registry();
  readonly #jobs: Gauge;
  readonly #oldestAge: Gauge;
  readonly #redisUp: Gauge;
  readonly #memoryUsed: Gauge;
  readonly #memoryMax: Gauge;
  readonly #rowBytes: Gauge;
  readonly #workers: Gauge;
  readonly #unsettled: Gauge;
  readonly #paused: Gauge;
  readonly #credentialEnd: Gauge;
  readonly #bulkRuns: Gauge;
  readonly #bulkItems: Gauge;
  readonly #bulkWorkers: Gauge;

  constructor() {
    const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
      new Gauge({ name, help, labelNames, registers: [this.registry] });
    const queue = ["instance", "lane", "priority"];
    addProcessMetrics(this.registry);
    this.#jobs = gauge("defender_queue_jobs", "Jobs in a queue by state.", [...queue, "state"]);
    this.#oldestAge = gauge(
      "defender_queue_oldest_waiting_age_seconds",
      "Time since the oldest job that waits, in line or by itself, was enqueued; 0 when none waits.",
      queue,
    );
    this.#workers = gauge("defender_queue_workers", "Live workers that listen to a queue.", queue);
    this.#unsettled = gauge(
      "defender_queue_unsettled_jobs",
      "Failed writes of a queue whose outcome is unknown.",
      queue,
    );
    this.#paused = gauge("defender_paused", "1 for everything that a person has paused.", [
      "instance",
      "lane",
      "calls",
    ]);
    this.#credentialEnd = gauge(
      "defender_credential_expiry_timestamp_seconds",
      "When the certificate or secret of an instance ends, in Unix time; only where that is known.",
      ["instance"],
    );
    this.#bulkRuns = gauge("defender_bulk_runs", "Bulk runs that are not over, by state.", [
      "instance",
      "state",
    ]);
    this.#bulkItems = gauge(
      "defender_bulk_items",
      "Incidents of bulk runs that are not over, by outcome; those that are waiting or in_hand are left.",
      ["instance", "outcome"],
    );
    this.#bulkWorkers = gauge("defender_bulk_workers", "Live workers that listen for bulk runs.", [
      "instance",
    ]);
    this.#redisUp = gauge("defender_redis_up", "1 when Redis answered this scrape, else 0.");
    this.#memoryUsed = gauge("defender_redis_memory_used_bytes", "Memory that Redis uses.");
    this.#memoryMax = gauge(
      "defender_redis_memory_max_bytes",
      "Memory that Redis may use; 0 without a limit.",
    );
    this.#rowBytes = gauge("defender_result_rows_bytes", "Compressed rows of queries that Redis keeps.");
  }

  /** When Redis is away, only `defender_redis_up` is left, for old figures would be lies. */
  async collect(sources: Sources, rowSets: Pick<RowSets, "bytes">): Promise<void> {
    const reading = Promise.all([readSituation(sources), rowSets.bytes()]);
    const [read, rowBytes] = await reading.catch(() => [null, 0] as const);
    for (const each of [
      this.#jobs,
      this.#oldestAge,
      this.#workers,
      this.#unsettled,
      this.#paused,
      this.#credentialEnd,
    ])
      each.reset();
    for (const each of [this.#bulkRuns, this.#bulkItems, this.#bulkWorkers]) each.reset();
    this.#memoryUsed.remove();
    this.#memoryMax.remove();
    this.#rowBytes.remove();
    this.#redisUp.set(read === null ? 0 : 1);
    if (read === null) return;
    this.#memoryUsed.set(read.memory.used);
    this.#memoryMax.set(read.memory.max);
    this.#rowBytes.set(rowBytes);
    for (const { instance, atMs } of read.ends) this.#credentialEnd.set({ instance }, atMs / 1_000);
    for (const { instance, lane, writes } of read.stops) {
      const calls = writes ? "writes" : "all";
      this.#paused.set({ instance: instance ?? "all", lane: lane ?? "all", calls }, 1);
    }
    for (const { queue, counts, oldestAgeMs, workers, unsettled } of read.figures) {
      const { instance, lane, priority } = queue;
      for (const state of STATES) this.#jobs.set({ instance, lane, priority, state }, counts[state] ?? 0);
      this.#workers.set({ instance, lane, priority }, workers);
      this.#unsettled.set({ instance, lane, priority }, unsettled);
      this.#oldestAge.set({ instance, lane, priority }, oldestAgeMs / 1_000);
    }
    for (const { instance, runs, items, workers } of read.bulk) {
      for (const state of LIVE_STATES) this.#bulkRuns.set({ instance, state }, runs[state]);
      for (const outcome of ITEM_ENDS) this.#bulkItems.set({ instance, outcome }, items[outcome]);
      this.#bulkWorkers.set({ instance }, workers);
    }
  }
}
