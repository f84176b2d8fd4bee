/** Whether a worker hears from Redis on its blocking connection, which may be dead while the other one answers; and a way on when BullMQ finds none. */
import type { Worker } from "bullmq";
import { WORKER_OPTIONS } from "../queue/options.ts";

/** Three rounds of waiting for a job. */
const DEAF_AFTER_MS = 3 * WORKER_OPTIONS.drainDelay * 1_000;
/** BullMQ gives a wait up one second after its time, and then says "no job" just as Redis does. */
const GIVEN_UP_AFTER_MS = 950;
/**
 * Having given a wait up, BullMQ connects anew. On a cluster that may never end, though the connection is long there again: what
 * it waits for is a first attempt that failed (taskforcesh/bullmq#4138). So long after its time a wait is stuck.
 */
const STUCK_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 1_000;

export class Pulse {
  readonly #worker: Worker;
  #unansweredSinceMs: number | null = null;
  #isWaiting = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    const backend = worker.getBackend();
    const waitForJob = backend.waitForJob.bind(backend);
    backend.waitForJob = async (timeoutS) => {
      const startMs = performance.now();
      this.#unansweredSinceMs ??= startMs;
      this.#isWaiting = true;
      try {
        const job = await this.#unlessStuck(
          waitForJob(timeoutS),
          startMs + timeoutS * 1_000 + STUCK_AFTER_MS,
        );
        const lateMs = performance.now() - startMs - timeoutS * 1_000;
        if (job !== null || lateMs < GIVEN_UP_AFTER_MS) this.#unansweredSinceMs = null;
        return job;
      } finally {
        this.#isWaiting = false;
      }
    };
  }

  /** Rejects, or takes long, only when the connection is broken. */
  async isAlive(): Promise<boolean> {
    if (!this.#worker.isRunning()) return false;
    const sinceMs = this.#unansweredSinceMs;
    if (sinceMs === null || performance.now() - sinceMs < DEAF_AFTER_MS) return true;
    if (this.#isWaiting) return false;
    // All slots are taken, so nothing has waited since: ask.
    const client = await this.#worker.getBackend().blockingClient;
    await client?.info();
    this.#unansweredSinceMs = null;
    return true;
  }

  /** Null when the wait is overdue although its connection is there: the next one will be heard. */
  async #unlessStuck<T>(waiting: Promise<T>, overdueAtMs: number): Promise<T | null> {
    let looking: NodeJS.Timeout | undefined;
    const stuck = new Promise<null>((resolve) => {
      looking = setInterval(() => {
        if (performance.now() < overdueAtMs) return;
        this.#worker.getBackend().blockingClient?.then(
          ({ status }) => status === "ready" && resolve(null),
          () => undefined,
        );
      }, LOOK_EVERY_MS);
    });
    // Nobody may be left to hear of it.
    waiting.catch(() => undefined);
    try {
      return await Promise.race([waiting, stuck]);
    } finally {
      clearInterval(looking);
    }
  }
}
