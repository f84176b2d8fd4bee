/** The record of one result as it lies in Redis (a hash), and how it is read. */
import { z } from "zod";
import { describeInvalid, Failure } from "../contract/failure.ts";
import { PRIORITIES } from "../contract/job.ts";
import {
  type Findings,
  findingsSchema,
  RESULT_STATUSES,
  type Result,
  resultSchema,
  WAITS,
  type Waiting,
} from "../contract/result.ts";

/** What is known of a job when it is enqueued, kept as one JSON text. */
export const headSchema = z.object({
  v: z.literal(1),
  case_id: z.string(),
  job_id: z.string(),
  action: z.string(),
  instance: z.string(),
  priority: z.enum(PRIORITIES).default("interactive"),
  requested_by: z.string().nullable().default(null),
  /** The name of the API token that asked; null: whoever holds the Redis password. */
  caller: z.string().nullable().default(null),
  alert_group_identifiers: z.array(z.string()).default([]),
  scope: z.string().default("All entities"),
});
export type Head = z.infer<typeof headSchema>;

const ERASED = "The texts and rows of this result were erased.";

const ms = z.coerce.number();
const json = z.string().transform((text): unknown => JSON.parse(text));

const recordSchema = z.object({
  head: json.pipe(headSchema),
  status: z.enum(RESULT_STATUSES),
  gen: z.coerce.number(),
  run: z.coerce.number(),
  attempts: z.coerce.number().default(0),
  cursor: z.string(),
  enqueued_ms: ms,
  expires_ms: ms,
  started_ms: ms.optional(),
  finished_ms: ms.optional(),
  note: json.pipe(z.record(z.string(), z.unknown())).optional(),
  note_ms: ms.optional(),
  waiting_for: z.enum(["", ...WAITS]).default(""),
  waiting_until_ms: ms.optional(),
  findings: json.pipe(findingsSchema).optional(),
  rows_key: z.string().default(""),
  inline_rows: z.coerce.number().default(0),
  /** The rows had to go before their time. */
  rows_expired: z.literal("1").optional(),
  /** What people said of earlier generations. */
  remarks: json.pipe(z.array(z.string())).optional(),
});
export type ResultRecord = z.infer<typeof recordSchema>;

/**
 * Reads a hash as `HGETALL` gives it inside a script: names and values in turn; null when it is empty. Throws
 * `internal_error` for one that a newer version has written in words that are not known here.
 */
export function parseRecord(flat: readonly string[]): ResultRecord | null {
  if (flat.length === 0) return null;
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = String(flat[i + 1]);
  const record = recordSchema.safeParse(fields);
  if (record.success) return record.data;
  throw new Failure(
    "internal_error",
    `a result holds what this version cannot read: ${describeInvalid(record.error)}`,
    { hint: "Upgrade this program, for a newer worker has written it." },
  );
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** The result that a reader sees at `nowMs` (Redis's clock), without the rows. */
export function toResult(record: ResultRecord, nowMs: number): Result {
  const { head } = record;
  const hasExpired = record.status === "queued" && record.note === undefined && nowMs >= record.expires_ms;
  const findings = hasExpired
    ? expiredFindings(record.expires_ms)
    : (record.findings ?? findingsSchema.parse({}));
  const result = resultSchema.parse({
    ...findings,
    ...head,
    warnings: [...(record.remarks ?? []), ...findings.warnings],
    status: hasExpired ? "failed" : record.status,
    waiting: hasExpired ? null : toWaiting(record),
    attempts: record.attempts,
    enqueued_at: iso(record.enqueued_ms),
    started_at: record.started_ms === undefined ? null : iso(record.started_ms),
    finished_at: hasExpired
      ? iso(record.expires_ms)
      : record.finished_ms === undefined
        ? null
        : iso(record.finished_ms),
    expires_at: iso(record.expires_ms),
    cursor: record.cursor,
  });
  return record.rows_expired === undefined ? result : withoutRows(result);
}

/** The result of a query whose rows are not there any more. */
export function withoutRows(result: Result): Result {
  return {
    ...result,
    json_result: null,
    rows_expired: true,
    warnings: [...result.warnings, "The rows are not kept any more: RESULT_MEMORY was reached."],
  };
}

/** What stays of a result whose texts are erased: names, and how it ended. */
export function withoutTexts(head: string, findings: string): { head: Head; findings: Findings } {
  const { v, case_id, job_id, action, instance, priority, caller } = headSchema.parse(JSON.parse(head));
  const { is_success, error, reason } = findingsSchema.parse(JSON.parse(findings));
  return {
    head: headSchema.parse({ v, case_id, job_id, action, instance, priority, caller }),
    findings: findingsSchema.parse({
      is_success,
      reason,
      output_message: ERASED,
      error: error === null ? null : new Failure(error.code, ERASED).toRecord(),
    }),
  };
}

function toWaiting({ waiting_for, waiting_until_ms }: ResultRecord): Waiting | null {
  if (waiting_for === "") return null;
  return { for: waiting_for, until: waiting_until_ms === undefined ? null : iso(waiting_until_ms) };
}

/** The failure of a job whose time ran out, whether a worker or a reader notices. */
export function expiredFailure(expiresMs: number): Failure {
  return new Failure("expired", `the job expired at ${iso(expiresMs)} before it was sent`, {
    hint: "Enqueue it again; if this repeats, see whether a worker serves the lane and whether the lane is paused.",
  });
}

function expiredFindings(expiresMs: number) {
  const failure = expiredFailure(expiresMs);
  return findingsSchema.parse({ output_message: failure.message, error: failure.toRecord() });
}
