/** When a job that failed is tried again. */

export interface RetryPolicy {
  /** Tries in all, the first included. */
  attempts: number;
  firstDelayMs: number;
  factor: number;
  longestDelayMs: number;
}

/** Waits of about 5 s, 15 s, 45 s, 2 min, 5 min: an outage of a few minutes fails no job. */
export const RETRY_POLICY: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 5_000,
  factor: 3,
  longestDelayMs: 300_000,
};

/** The wait after the `failed`th failed try: exponential, between half and the whole of it, so that jobs spread. */
export function backoffMs(failed: number, policy: RetryPolicy, random: () => number = Math.random): number {
  const full = Math.min(policy.longestDelayMs, policy.firstDelayMs * policy.factor ** (failed - 1));
  return Math.round(full * (0.5 + random() / 2));
}
