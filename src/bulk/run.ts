/** A bulk run as it lies in Redis and is shown: what is selected, what is set, its items and what became of them. */
import { z } from "zod";
import { FAILURE_CODES, failureCodeSchema } from "../contract/failure.ts";
import { instanceNameSchema } from "../contract/job.ts";
import { waitingSchema } from "../contract/result.ts";
import { keysOf } from "../contract/table.ts";
import { changeSchema, ownChangeSchema } from "./change.ts";
import { whereSchema } from "./selection.ts";

/** The action of the summary of a run, which lies in its case as the result of a job. */
export const RUN_ACTION = "bulk_reclassify";

/** Under which job id the summary lies: a result that is final never changes, so each round of failed items has one of its own. */
export function summaryId(runId: string, round: number): string {
  return round === 1 ? runId : `${runId}-retry-${round - 1}`;
}

/** The run of a summary. */
export function runOfSummary(jobId: string): string {
  return jobId.replace(/-retry-\d+$/, "");
}

export const RUN_STATES = ["selecting", "running", "paused", "cancelled", "done", "failed"] as const;
const runStateSchema = z.enum(RUN_STATES);
export type RunState = z.output<typeof runStateSchema>;

/** Whether nothing will be done any more, unless failed items are asked for again. */
export function isOver(state: RunState): boolean {
  return state === "cancelled" || state === "done" || state === "failed";
}

const maxFailuresSchema = z.union([
  z.object({ count: z.number().int().min(0) }),
  /** Judged after the first 20 incidents. */
  z.object({ percent: z.number().min(0).max(100) }),
]);
export type MaxFailures = z.output<typeof maxFailuresSchema>;

export const runSpecSchema = z.object({
  v: z.literal(1),
  run_id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  case_id: z.string().min(1),
  instance: instanceNameSchema,
  owner: z.string(),
  kind: z.enum(["reclassify", "undo"]),
  /** The run that an undo puts back. */
  undoes: z.string().nullable().default(null),
  selection: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("filter"), where: whereSchema, filter: z.string().nullable().default(null) }),
    z.object({ kind: z.literal("items") }),
  ]),
  /** Of every item; an item may set some of it in its own way. */
  change: changeSchema,
  /** Whether an incident is looked at again right before it is written. */
  verify: z.boolean().default(true),
  /** Most incidents that a filter selects. */
  limit: z.number().int().min(1).nullable().default(null),
  max_failures: maxFailuresSchema.default({ percent: 5 }),
  requested_by: z.string().nullable().default(null),
});
export type RunSpec = z.output<typeof runSpecSchema>;

/** Fields of an incident that a run may set. */
export const FIELDS = [
  "status",
  "classification",
  "determination",
  "assignedTo",
  "customTags",
  "resolvingComment",
] as const;
/** Of those that a run does set, the values that were read. */
export const fieldsSchema = z.partialRecord(z.enum(FIELDS), z.unknown());
export type Fields = z.output<typeof fieldsSchema>;

const itemSchema = z.object({
  id: z.string().regex(/^\d{1,19}$/),
  change: ownChangeSchema.optional(),
  /** As they were when listed, or must be for an undo; an incident that differs is skipped. */
  listed: fieldsSchema.optional(),
  /** When the incident was created, in Unix time, so that many can be looked at again with one list. */
  created_ms: z.number().int().optional(),
});
export type Item = z.output<typeof itemSchema>;

/** `dry_run`: `DEFENDER_WRITES` is off, so nothing was sent. */
export const SKIP_REASONS = ["changed", "merged", "in_another_run", "refused_value", "dry_run"] as const;
const skipReasonSchema = z.enum(SKIP_REASONS);
export type SkipReason = z.output<typeof skipReasonSchema>;

export const outcomeSchema = z.object({
  id: z.string(),
  result: z.enum(["changed", "unchanged", "skipped", "failed"]),
  /** Of a skipped one. */
  reason: skipReasonSchema.optional(),
  /** Of a failed one. */
  code: failureCodeSchema.optional(),
  message: z.string().optional(),
  attempts: z.number().int().default(0),
  request_id: z.string().optional(),
  url: z.string().nullable().optional(),
  before: fieldsSchema.optional(),
  after: fieldsSchema.optional(),
  at: z.iso.datetime(),
});
export type Outcome = z.output<typeof outcomeSchema>;

const count = z.number().int().min(0);
const countsSchema = z.object({
  /** Incidents that were read to select by; of ids given, with repeats. */
  read: count,
  selected: count,
  changed: count,
  unchanged: count,
  skipped: z.partialRecord(skipReasonSchema, count),
  failed: z.partialRecord(failureCodeSchema, count),
  waiting: count,
  in_hand: count,
});
export type RunCounts = z.output<typeof countsSchema>;

export const runStatusSchema = z.object({
  ...runSpecSchema.shape,
  state: runStateSchema,
  /** Why it is paused or failed. */
  reason: z.string().nullable(),
  is_draft: z.boolean(),
  /** Whether all its items are known. */
  is_selected: z.boolean(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  counts: countsSchema,
  rate_per_minute: z.number().nullable(),
  /** Who holds it up by pausing calls or writes, and why. Not so for the state `paused`, which is of this run alone. */
  waiting: waitingSchema
    .pick({ by: true, why: true })
    .extend({ for: z.literal("paused") })
    .nullable()
    .default(null),
});
export type RunStatus = z.output<typeof runStatusSchema>;

/** Incidents that came to an end, however they did. */
export function endedOf({ changed, unchanged, skipped, failed }: RunCounts): number {
  return changed + unchanged + skippedOf({ skipped }) + failedOf({ failed });
}

export function skippedOf({ skipped }: Pick<RunCounts, "skipped">): number {
  return sum(SKIP_REASONS.map((reason) => skipped[reason]));
}

export function failedOf({ failed }: Pick<RunCounts, "failed">): number {
  return sum(keysOf(FAILURE_CODES).map((code) => failed[code]));
}

function sum(counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((total, each) => total + (each ?? 0), 0);
}

/** An item is kept as its bare id when there is no more to it, for a run may have a million of them. */
export function writeItem(item: Item): string {
  return item.change === undefined && item.listed === undefined ? item.id : JSON.stringify(item);
}

export function readItem(text: string): Item {
  return itemSchema.parse(text.startsWith("{") ? JSON.parse(text) : { id: text });
}
