/** What a run will spend of the tenant's quota, and how long that takes at the least. */
import type { RunPlan } from "../../src/bulk/plan.ts";
import type { RunCounts, RunSpec } from "../../src/bulk/run.ts";
import { setsAnything } from "../../src/contract/incident-change.ts";
import type { Quota } from "../../src/queue/quotas.ts";

/** So many incidents of a filter are looked at again with one call. */
const LOOKED_AT_ONCE = 50;

export interface Calls {
  reads: number;
  writes: number;
}

type Asked = Pick<RunSpec, "selection" | "change" | "kind" | "verify">;

/** Calls that are still to come, failures and repeats aside. Of what was not looked at, as many are taken to be so already as of what was. */
export function expectCalls(
  { counts: { selected }, ...run }: Asked & { counts: Pick<RunCounts, "selected"> },
  { looked_at, unchanged }: Pick<RunPlan, "looked_at" | "unchanged">,
): Calls {
  const isSo = looked_at === 0 ? 0 : Math.round((selected * unchanged) / looked_at);
  const changing = Math.max(0, selected - isSo);
  return { reads: readsOf(run, selected), writes: changing * writesEach(run) };
}

/** Calls that were spent on what ended between two looks at a run. */
export function spentCalls(run: Asked, ended: number, changed: number): number {
  return readsOf(run, ended) + changed * writesEach(run);
}

/** Without a second look, only what a write is made of must be read: fields in a comment, and tags where they were not listed. */
function readsOf({ selection, verify, change, kind }: Asked, incidents: number): number {
  const isListed = selection.kind === "filter" || kind === "undo";
  const needsTags = !isListed && change.add_tags.length + change.remove_tags.length > 0;
  if (!verify && !needsTags && !(change.comment?.includes("{") ?? false)) return 0;
  return selection.kind === "items" ? incidents : Math.ceil(incidents / LOOKED_AT_ONCE);
}

/** A comment is a call of its own. */
function writesEach({ change, kind }: Asked): number {
  const sets = kind === "undo" || setsAnything(change) ? 1 : 0;
  return Math.max(1, sets + (change.comment === null ? 0 : 1));
}

/** Calls a minute that bulk runs may spend in the long run: the tightest of the limits. */
export function callsPerMinute({ limits, bulk_share }: Quota): number {
  return Math.min(...limits.map((limit) => (bulkCalls(limit.calls, bulk_share) * 60_000) / limit.window_ms));
}

/** With an empty window before it: the first windowful goes at once. */
export function durationMs(calls: number, { limits, bulk_share }: Quota): number {
  const times = limits.map((limit) => {
    const windows = Math.ceil(calls / bulkCalls(limit.calls, bulk_share)) - 1;
    return Math.max(0, windows) * limit.window_ms;
  });
  return Math.max(...times);
}

function bulkCalls(calls: number, share: number): number {
  return Math.max(1, Math.floor(calls * share));
}
