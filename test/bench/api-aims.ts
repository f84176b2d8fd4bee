/** What the API's bench wants, held against what it measured. */
import type { Aim } from "./aim.ts";
import type { Memory } from "./api-server.ts";
import { percentile } from "./figures.ts";

export interface ApiFigures {
  conditions: string;
  requests: number;
  perSecond: number;
  acceptMs: readonly number[];
  readMs: readonly number[];
  errors: Readonly<Record<string, number>>;
  followers: { open: number; broken: number; ends: number; endsWanted: number };
  /** At even intervals, after the warm-up. */
  memory: readonly (Memory & { atS: number })[];
}

const MIB = 1_048_576;
const ACCEPTED_WITHIN_MS = 100;
/** More than the noise of a collected heap, and a leak of one follower's buffers an hour. */
const FLAT_MIB_PER_MINUTE = 1;
const FLAT_SHARE = 0.1;

export function apiAims(figures: ApiFigures): Aim[] {
  const { acceptMs, readMs, errors, followers, memory } = figures;
  const errorCount = Object.values(errors).reduce((sum, one) => sum + one, 0);
  const p99 = percentile(acceptMs, 99);
  const slope = slopeOf(memory.map(({ atS, heapBytes }) => [atS / 60, heapBytes / MIB]));
  const third = Math.ceil(memory.length / 3);
  const resident = memory.map(({ residentBytes }) => residentBytes / MIB);
  const [first, last] = [mean(resident.slice(0, third)), mean(resident.slice(-third))];
  const aim = (what: string, measured: string, wanted: string, isMet: boolean): Aim => ({
    what,
    measured,
    wanted,
    isMet,
  });
  return [
    aim("requests that failed", String(errorCount), `of ${figures.requests}: none`, errorCount === 0),
    aim(
      "accepting a job, 99 %",
      `${p99.toFixed(1)} ms`,
      `under ${ACCEPTED_WITHIN_MS} ms`,
      p99 < ACCEPTED_WITHIN_MS,
    ),
    aim("reading, 99 %", `${percentile(readMs, 99).toFixed(1)} ms`, "told, not wanted", true),
    aim(
      "followers that broke off",
      String(followers.broken),
      `of ${followers.open}: none`,
      followers.broken === 0,
    ),
    aim(
      "ends that followers saw",
      String(followers.ends),
      `all ${followers.endsWanted}`,
      followers.ends === followers.endsWanted,
    ),
    aim(
      "heap after collection, a minute",
      `${slope.toFixed(2)} MiB`,
      `under ${FLAT_MIB_PER_MINUTE} MiB`,
      slope < FLAT_MIB_PER_MINUTE,
    ),
    aim(
      "resident, first and last third",
      `${first.toFixed(0)} → ${last.toFixed(0)}`,
      `MiB, up to ${100 * FLAT_SHARE} % more`,
      last <= first * (1 + FLAT_SHARE),
    ),
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** By least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const spread = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  return points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / spread;
}
