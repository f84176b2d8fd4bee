/** Whether a worker hears from Redis on its blocking connection, which may be dead while the other one answers. */
import type { Worker } from "bullmq";
import { WORKER_OPTIONS } from "../queue/options.ts";

/** Three rounds of waiting for a job. */
const DEAF_AFTER_MS = 3 * WORKER_OPTIONS.drainDelay * 1_000;
/** BullMQ gives a wait up one second after its time, and then says "no job" just as Redis does. */
const GIVEN_UP_AFTER_MS = 950;

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
        const job = await waitForJob(timeoutS);
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
}
