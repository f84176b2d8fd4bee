/** Where a run lies in Redis. All its keys share one hash tag, so that one script may touch them on a cluster. */

/** In the order in which every script of a run takes them. */
const PARTS = [
  /** Hash: spec, state, counters (`n:…`), cursor. The others live as long as it does. */
  "run",
  /** Hash of bitmaps: the ids that the run holds, selected and not ended, in rows of a hundred. */
  "ids",
  /** List of items that were not taken yet. */
  "pending",
  /** Hash by id: items in hand, each with its ticket, the fence of its take and what was noted of its write. */
  "flight",
  /** Hash by id: the same for items that wait for a time; they are not in `flight` then. */
  "parked",
  /** Sorted set: ids of `parked` by when they are due. */
  "later",
  /** List of outcomes that are in no page yet. */
  "open",
  /** Hash: gzipped pages of outcomes by number. */
  "pages",
  /** Hash by id: failed items with their outcomes, apart because they may be asked for again. */
  "failed",
  /** Hash: what a draft would change. */
  "plan",
] as const;
export type RunPart = (typeof PARTS)[number];

export function runKey(prefix: string, runId: string, part: RunPart): string {
  return `${prefix}:{run-${runId}}:${part}`;
}

export function runKeys(prefix: string, runId: string): string[] {
  return PARTS.map((part) => runKey(prefix, runId, part));
}

/** Sorted set: ids of runs by their creation, without drafts. */
export function runsKey(prefix: string): string {
  return `${prefix}:runs`;
}

/** Hash: ids of runs, also drafts, that workers still have to do something about, each with its instance. */
export function liveRunsKey(prefix: string): string {
  return `${prefix}:live-runs`;
}
