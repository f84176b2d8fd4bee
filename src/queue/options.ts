/** How jobs and workers of BullMQ are set, and why. */
import type { JobsOptions, WorkerOptions } from "bullmq";

/** Retries are the engine's (it counts attempts itself), so BullMQ runs a job until it is told that it is done or failed. */
export const JOB_OPTIONS = {
  attempts: 1,
  removeOnComplete: { age: 86_400, count: 10_000 },
  removeOnFail: { age: 14 * 86_400, count: 50_000 },
  stackTraceLimit: 1,
  keepLogs: 0,
} as const satisfies JobsOptions;

export const WORKER_OPTIONS = {
  /** A killed worker's job is free after at most lockDuration + 2 × stalledInterval = 28 s; measured 17.7 to 18.6 s. */
  lockDuration: 20_000,
  stalledInterval: 4_000,
  /** Deploys and out-of-memory kills are no fault of the job; one that kills its worker six times is. */
  maxStalledCount: 5,
  drainDelay: 5,
  /** `queue.rateLimit()` is ignored by workers without a limiter; this one is far above any real rate. */
  limiter: { max: 100_000, duration: 1_000 },
} as const satisfies Partial<WorkerOptions>;
