/** How far a run is, and how long it still takes. */
import { endedOf, type RunStatus } from "./run.ts";

/** Whole per cent of the selection that has ended, rounded down so that 100 means all. */
export function percentOf({ counts }: Pick<RunStatus, "counts">): number {
  return counts.selected === 0 ? 0 : Math.floor((endedOf(counts) * 100) / counts.selected);
}

/** Until all has ended at the rate of the last minute; null when that is not known. */
export function remainingMs({ counts, rate_per_minute: rate, is_selected }: RunStatus): number | null {
  if (rate === null || rate <= 0 || !is_selected) return null;
  return ((counts.selected - endedOf(counts)) * 60_000) / rate;
}
