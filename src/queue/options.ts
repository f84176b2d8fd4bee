/** How jobs and workers of BullMQ are set, and why. */
import type { JobsOptions, WorkerOptions } from "bullmq";

/** Runs in a row that ended without a verdict, because Redis refused what they wrote, after which a job is given up. */
export const MOST_INTERRUPTIONS = 100;
/** Deploys and out-of-memory kills are no fault of the job; one that kills its worker six times is. */
export const MOST_STALLS = 5;

/**
 * Retries are the engine's (it counts attempts itself). BullMQ's own are for runs that ended without a verdict: it must
 * never give a job up by itself, for then no result would say so. Both bounds are the lane worker's.
 */
export const JOB_OPTIONS = {
  attempts: MOST_INTERRUPTIONS + 2,
  backoff: { type: "fixed", delay: 5_000 },
  removeOnComplete: { age: 86_400, count: 10_000 },
  removeOnFail: { age: 14 * 86_400, count: 50_000 },
  stackTraceLimit: 1,
  keepLogs: 0,
} as const satisfies JobsOptions;

export const WORKER_OPTIONS = {
  /**
   * A lock must outlast a write (9 s) and a pause of the event loop; it is renewed every half. The sweep for lost locks
   * is cheap, so it may be frequent: a killed worker's job is picked up after at most lockDuration + 2 × stalledInterval =
   * 28 s (`docs/guarantees.md` has what was measured).
   */
  lockDuration: 20_000,
  stalledInterval: 4_000,
  maxStalledCount: MOST_STALLS + 2,
  drainDelay: 5,
  /** `queue.rateLimit()` is ignored by workers without a limiter; this one is far above any real rate. */
  limiter: { max: 100_000, duration: 1_000 },
} as const satisfies Partial<WorkerOptions>;
