/** What the bulk bench wants, held against what it measured. */
import { type Aim, within } from "./aim.ts";
import type { FairnessFigures } from "./bulk-fairness.ts";
import type { RateFigures } from "./bulk-rate.ts";
import type { ScaleFigures } from "./bulk-scale.ts";
import { median, percentile } from "./figures.ts";

export interface BulkFigures {
  conditions: string;
  scale: ScaleFigures[];
  rate: RateFigures | null;
  fairness: FairnessFigures | null;
}

const MIB = 1_048_576;
/** Of a process, between the shortest list and the longest. */
const FLAT_BYTES = 64 * MIB;

export function bulkAims({ scale, rate, fairness }: BulkFigures): Aim[] {
  return [
    ...scale.flatMap(aimsOfScale),
    ...flatness(scale),
    ...(rate === null ? [] : aimsOfRate(rate)),
    ...(fairness === null ? [] : [aimOfFairness(fairness)]),
  ];
}

function aimsOfScale(figures: ScaleFigures): Aim[] {
  const { incidents, acceptedMs, pausedMs, cancelledMs, callsWhilePaused } = figures;
  const { othersBeforeMs, othersMs, waitingBytesEach, cancelledBytesEach } = figures;
  const ids = `${incidents} ids`;
  return [
    within(`${ids}: accepted`, acceptedMs / 1_000, 60, "s"),
    within(`${ids}: paused`, pausedMs / 1_000, 2, "s"),
    within(`${ids}: cancelled`, cancelledMs / 1_000, 5, "s"),
    within(`${ids}: calls while paused`, callsWhilePaused, 0, ""),
    within(
      `${ids}: other jobs, 99 % (before: ${percentile(othersBeforeMs, 99).toFixed(0)} ms)`,
      percentile(othersMs, 99),
      1_000,
      "ms",
    ),
    within(`${ids}: bytes each while waiting`, waitingBytesEach, incidents < 10_000 ? 100 : 20, "B"),
    within(`${ids}: bytes each when cancelled`, cancelledBytesEach, incidents < 10_000 ? 100 : 20, "B"),
  ];
}

function flatness(scale: readonly ScaleFigures[]): Aim[] {
  const [first] = scale;
  const last = scale.at(-1);
  if (first === undefined || last === undefined || first === last) return [];
  const than = `${first.incidents} ids to ${last.incidents}`;
  const growth = (of: (figures: ScaleFigures) => number): number => (of(last) - of(first)) / MIB;
  return [
    within(
      `producer, ${than}`,
      growth((figures) => figures.producerBytes),
      FLAT_BYTES / MIB,
      "MiB more",
    ),
    within(
      `worker, ${than}`,
      growth((figures) => figures.workerBytes),
      FLAT_BYTES / MIB,
      "MiB more",
    ),
  ];
}

function aimsOfRate(figures: RateFigures): Aim[] {
  const { limit, incidents, spanMs, physicalMs, calls, neededCalls, busiest } = figures;
  const { idleMs, besideMs, firstCallMs, reportBytesEach } = figures;
  const slotMs = limit.windowMs / limit.calls;
  const idle = median(idleMs);
  return [
    within(
      `${incidents} incidents, selected in ${(figures.selectedMs / 1_000).toFixed(0)} s: writes, of the physical limit`,
      spanMs / physicalMs,
      1.05,
      "×",
    ),
    within("calls of those needed", calls / neededCalls, 1.05, "×"),
    within("busiest window", busiest, limit.calls, ""),
    within("interactive answer waits, 50 %", median(besideMs) - idle, 2 * slotMs, "ms more than idle"),
    within(
      "interactive answer waits, 95 %",
      percentile(besideMs, 95) - percentile(idleMs, 95),
      2 * slotMs,
      "ms more than idle",
    ),
    within("interactive first call, 95 %", percentile(firstCallMs, 95), 1_000, "ms"),
    within("bytes each in a finished run", reportBytesEach, 200, "B"),
  ];
}

function aimOfFairness({ worstRatio, written, windows }: FairnessFigures): Aim {
  const what = `two runs, worst of ${windows} minutes (${written.join(" and ")})`;
  return within(what, worstRatio, 1.1, "×");
}
