/** Quotas as Defender keeps them: sliding windows per tenant, in which rejected calls count too. */

export interface Limit {
  calls: number;
  windowMs: number;
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `45/1m,1500/1h`. Throws for anything else. */
export function parseLimits(text: string): Limit[] {
  return text.split(",").map((part) => {
    const [, calls, count, unit] = /^\s*(\d+)\/(\d+)(ms|s|m|h)\s*$/.exec(part) ?? [];
    const windowMs = Number(count) * (unitMs[unit ?? ""] ?? Number.NaN);
    if (!(Number(calls) > 0 && windowMs > 0)) throw new Error(`not a limit: ${JSON.stringify(part)}`);
    return { calls: Number(calls), windowMs };
  });
}

export type Verdict = { rejected: false } | { rejected: true; retryAfterMs: number };

/** One tenant's calls in one lane. Times are milliseconds of one monotonic clock. */
export class SlidingWindows {
  readonly #limits: readonly Limit[];
  readonly #longestMs: number;
  #times: number[] = [];

  constructor(limits: readonly Limit[]) {
    this.#limits = limits;
    this.#longestMs = Math.max(...limits.map((limit) => limit.windowMs));
  }

  /** Counts this call and says whether it was one too many for any window. */
  take(nowMs: number): Verdict {
    const oldest = this.#times[0];
    // Halved at leisure: shifting the array on every call would make a flood quadratic.
    if (oldest !== undefined && oldest <= nowMs - 2 * this.#longestMs) {
      this.#times = this.#times.filter((time) => time > nowMs - this.#longestMs);
    }
    this.#times.push(nowMs);
    const retryAfterMs = Math.max(...this.#limits.map((limit) => this.#overshootMs(limit, nowMs)));
    return retryAfterMs > 0 ? { rejected: true, retryAfterMs } : { rejected: false };
  }

  /** How long until the next call would fit, or 0 when this one did. */
  #overshootMs({ calls, windowMs }: Limit, nowMs: number): number {
    const oneTooMany = this.#times.at(-1 - calls);
    if (oneTooMany === undefined || oneTooMany <= nowMs - windowMs) return 0;
    const mustLeave = this.#times.at(-calls) ?? nowMs;
    return mustLeave + windowMs - nowMs;
  }
}

/** All buckets of one lane, by tenant (and app). */
export class Quota {
  readonly #limits: readonly Limit[];
  readonly #buckets = new Map<string, SlidingWindows>();

  constructor(limits: string) {
    this.#limits = parseLimits(limits);
  }

  take(key: string, nowMs: number): Verdict {
    const bucket = this.#buckets.get(key) ?? new SlidingWindows(this.#limits);
    this.#buckets.set(key, bucket);
    return bucket.take(nowMs);
  }
}
