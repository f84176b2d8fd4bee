/** The report of a run as a table: a header, and a record for each incident. */
import { FIELDS, type Outcome } from "./run.ts";

const COLUMNS = ["id", "result", "reason", "error_code", "message", "attempts", "request_id", "at", "url"];
const SIDES = ["before", "after"].flatMap((side) => FIELDS.map((field) => `${field}_${side}`));

export const REPORT_HEADER: readonly string[] = [...COLUMNS, ...SIDES];

export function toReportRecord(outcome: Outcome): unknown[] {
  const { id, result, reason, code, message, attempts, request_id, at, url, before, after } = outcome;
  const sides = [before, after].flatMap((side) => FIELDS.map((field) => toCell(side?.[field])));
  return [id, result, reason, code, message, attempts, request_id, at, url, ...sides];
}

function toCell(value: unknown): unknown {
  return Array.isArray(value) ? value.join(", ") : value;
}
