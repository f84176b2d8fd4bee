/** One event for each call that writes: who, what, and what came of it. No arguments, no secret. */
import type { Log } from "../../src/log.ts";

export interface AuditEntry {
  /** The token's name; null where none is asked for. */
  caller: string | null;
  verb: "enqueue" | "cancel";
  /** `accepted`, or the failure's code. */
  outcome: string;
  /** The way it came. */
  via: "http" | "mcp";
  action?: string | undefined;
  instance?: string | undefined;
  case_id?: string | undefined;
  job_id?: string | undefined;
  deduplicated?: boolean | undefined;
  requested_by?: string | undefined;
}

export type Audit = (entry: AuditEntry) => void;

/** Into the log, whatever its level. */
export function auditTo(log: Log): Audit {
  const always = log.child({}, { level: "info" });
  return (entry) => always.info({ event: "audit", ...entry }, "audit");
}
