/** The result as a SOAR reads it: a wire format, parsed by schema on every read. */
import { z } from "zod";
import { failureRecordSchema } from "./failure.ts";

export const RESULT_STATUSES = ["queued", "running", "completed", "failed"] as const;
export type ResultStatus = (typeof RESULT_STATUSES)[number];

/** Why a completed action is no success, or why its success has no effect. */
export const REASONS = ["no_rows", "not_enough_entities", "lane_paused", "lane_full", "dry_run"] as const;
export type Reason = (typeof REASONS)[number];

/** How the warning begins that `json_result` is not the whole answer; a reader who prints all rows leaves it out. */
export const SOME_ROWS = "json_result holds the first ";

export const WAITS = ["quota", "throttled", "paused", "order", "settle", "retry"] as const;
export type WaitReason = (typeof WAITS)[number];

export const waitingSchema = z.object({
  for: z.enum(WAITS),
  until: z.iso.datetime().nullable(),
  /** With `paused`: who paused it, and why. */
  by: z.string().optional(),
  why: z.string().optional(),
});
export type Waiting = z.infer<typeof waitingSchema>;

/** Who paused something, and why where they said so: `by ada: change freeze`. Free text of a person. */
export function byWhom({ by, why }: Pick<Waiting, "by" | "why">): string {
  return `by ${by ?? "somebody"}${why ? `: ${why}` : ""}`;
}

/** `id` is the incident that was touched, `requested_id` the one that was asked for: they differ after a merge. */
export const incidentRefSchema = z.object({
  id: z.string(),
  requested_id: z.string(),
  url: z.string().nullable(),
});
export type IncidentRef = z.infer<typeof incidentRefSchema>;

export const columnSchema = z.object({ name: z.string(), type: z.string() });
export type Column = z.infer<typeof columnSchema>;

/** What a query result says of itself: the text that was sent, its half-open time window in UTC, and what came back. */
export const queryReportSchema = z.object({
  kql: z.string().nullable(),
  window: z.object({ start: z.string(), end: z.string() }).nullable(),
  schema: z.array(columnSchema).nullable(),
  row_count: z.number().int().nullable(),
  truncated: z.boolean().nullable(),
});
export type QueryReport = z.infer<typeof queryReportSchema>;

const outcomeShape = {
  is_success: z.boolean().default(false),
  output_message: z.string().default(""),
  json_result: z.unknown().default(null),
  error: failureRecordSchema.nullable().default(null),
  reason: z.string().nullable().default(null),
  warnings: z.array(z.string()).default([]),
  incident: incidentRefSchema.nullable().default(null),
};
const queryShape = queryReportSchema.partial().shape;

/** What one run found out; the rest of a result is known from the job. */
export const findingsSchema = z.object({ ...outcomeShape, ...queryShape });
export type Findings = z.infer<typeof findingsSchema>;

export const resultSchema = z.object({
  v: z.literal(1),
  case_id: z.string(),
  job_id: z.string(),
  action: z.string(),
  instance: z.string(),
  status: z.enum(RESULT_STATUSES),
  ...outcomeShape,
  waiting: waitingSchema.nullable().default(null),
  requested_by: z.string().nullable().default(null),
  attempts: z.number().int().default(0),
  enqueued_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable().default(null),
  finished_at: z.iso.datetime().nullable().default(null),
  expires_at: z.iso.datetime(),
  alert_group_identifiers: z.array(z.string()).default([]),
  scope: z.string().default("All entities"),
  /** Grows with every change in the case: pass the last one seen to a follower to resume. */
  cursor: z.string(),
  ...queryShape,
  /** True when the rows had to make room for newer ones; the rest of the result is as it was. */
  rows_expired: z.boolean().optional(),
});
export type Result = z.infer<typeof resultSchema>;

export function isFinal(status: ResultStatus): boolean {
  return status === "completed" || status === "failed";
}
