/** What is made of the calls that arrived under a quota. */
import { busiestWindow } from "../support/windows.ts";

export interface Limit {
  calls: number;
  windowMs: number;
}

/** One call as Defender saw it. */
export interface ArrivedCall {
  timeMs: number;
  status: unknown;
}

export interface QuotaFigures {
  /** Requests that got their answer, however many calls each took. */
  done: number;
  failed: number;
  /** Calls that were answered with 429. */
  rejected: number;
  /** From the first call's arrival to the last one's. */
  spanMs: number;
  /** The part of the quota that was used, in percent: the shortest span that so many answers allow, of the span they took. */
  usedPercent: number;
  /** The most calls in any window, rejected ones too. */
  busiest: number;
}

/** A window is counted shortened by so much, for what the network squeezes together. */
const JITTER = 0.01;
const REJECTED = 429;

/** The shortest time from the first of so many calls to the last, in milliseconds. */
export function physicalLimitMs(calls: number, { calls: limit, windowMs }: Limit): number {
  return Math.max(0, Math.ceil(calls / limit) - 1) * windowMs;
}

/** `requests` were asked for and `failed` of them failed for good: only the others count as use, or giving up would look fast. */
export function figuresOf(
  arrivals: readonly ArrivedCall[],
  { requests, failed, limit }: { requests: number; failed: number; limit: Limit },
): QuotaFigures {
  const times = arrivals.map(({ timeMs }) => timeMs);
  const spanMs = times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
  const done = requests - failed;
  return {
    done,
    failed,
    rejected: arrivals.filter(({ status }) => status === REJECTED).length,
    spanMs,
    usedPercent: usedPercentOf(done, spanMs, limit),
    busiest: busiestWindow(times, limit.windowMs * (1 - JITTER)),
  };
}

/** What one window holds needs no time at all: then it is all or nothing. */
function usedPercentOf(done: number, spanMs: number, limit: Limit): number {
  const shortestMs = physicalLimitMs(done, limit);
  if (shortestMs > 0) return (100 * shortestMs) / spanMs;
  return done > 0 && spanMs < limit.windowMs ? 100 : 0;
}
