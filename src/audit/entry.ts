/** One entry of the audit trail: a wire format, kept for months and read by schema. */
import { createHash } from "node:crypto";
import { z } from "zod";

/** What was done; the last three are of workers: a call leaves, it ends, and what an unanswered one turned out to be. */
export const VERBS = [
  "enqueue",
  "cancel",
  "retry",
  "settle",
  "erase",
  "pause",
  "unpause",
  "bulk_start",
  "bulk_pause",
  "bulk_resume",
  "bulk_cancel",
  "bulk_retry_failed",
  "promote",
  "remove",
  "login",
  "logout",
  "send",
  "answer",
  "verify",
] as const;
export type Verb = (typeof VERBS)[number];

/** The way it came. */
export const VIAS = ["client", "cli", "http", "mcp", "board", "worker"] as const;
export type Via = (typeof VIAS)[number];

export const auditEntrySchema = z.object({
  v: z.literal(1),
  verb: z.enum(VERBS),
  via: z.enum(VIAS),
  /** Who is known to have done it: the name of an API token, of a user of the board, of this machine's user. */
  caller: z.string().nullable().default(null),
  /** Whom they named: nobody has checked it. */
  requested_by: z.string().nullable().default(null),
  /** `accepted`, `too_late` or `refused`; of calls `ok`, `found` or `absent`; else a failure's code. Null: not known yet. */
  outcome: z.string().nullable().default(null),
  case_id: z.string().optional(),
  job_id: z.string().optional(),
  run_id: z.string().optional(),
  action: z.string().optional(),
  instance: z.string().optional(),
  incident_id: z.string().optional(),
  deduplicated: z.boolean().optional(),
  /** What was asked for. */
  input: z.unknown().optional(),
  /** The call to Graph, below the root of v1.0, and what was sent. */
  method: z.string().optional(),
  path: z.string().optional(),
  body: z.unknown().optional(),
  /** The HTTP status of Graph's answer, or of the board's. */
  status: z.number().int().optional(),
  /** Microsoft's. */
  request_id: z.string().optional(),
  /** On the board: BullMQ's names. */
  queue: z.string().optional(),
  queue_job_id: z.string().optional(),
  address: z.string().optional(),
});
export type AuditEntry = z.output<typeof auditEntrySchema>;
/** As it is handed in. */
export type AuditDraft = Omit<z.input<typeof auditEntrySchema>, "v">;

/** The stream that all of a prefix share. */
export function trailKey(prefix: string): string {
  return `${prefix}:audit`;
}

/** A comment or a query is to be recognised; the hash says whether a whole one is the same. */
export const LONGEST_TEXT = 500;
export const LONGEST_LIST = 20;

/** Texts come from outside and may be long, entries are many. */
export function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  const hash = createHash("sha256").update(text).digest("hex");
  return `${text.slice(0, LONGEST_TEXT).toWellFormed()}… (${text.length} characters, SHA-256 ${hash})`;
}

export function writeEntry(draft: AuditDraft): string {
  return JSON.stringify({ v: 1, ...draft }, (_name, value: unknown) => {
    if (typeof value === "string") return cut(value);
    if (!Array.isArray(value) || value.length <= LONGEST_LIST) return value;
    return [...value.slice(0, LONGEST_LIST), `… (${value.length} in all)`];
  });
}

/** Null for what is no entry of this version. */
export function readEntry(text: string): AuditEntry | null {
  try {
    return auditEntrySchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
