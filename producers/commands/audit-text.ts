/** Entries of the audit trail as people and programs read them. */
import type { AuditRecord } from "../../src/audit/reader.ts";
import { toJson, visible } from "../../src/output.ts";

/** One line an entry, so that it can be searched. */
export function formatRecord({ at, entry, text }: AuditRecord): string {
  if (entry === null) return visible(`${at}  unreadable: ${text}`);
  const { verb, via, outcome, caller, requested_by: requestedBy, status, method, path } = entry;
  const facts: [string, string | undefined][] = [
    ["case", entry.case_id],
    ["job", entry.job_id],
    ["run", entry.run_id],
    ["incident", entry.incident_id],
    ["instance", entry.instance],
    ["queue", entry.queue],
    ["queue job", entry.queue_job_id],
    ["request", entry.request_id],
    ["from", entry.address],
  ];
  const sent = entry.input ?? entry.body;
  return [
    at,
    verb.padEnd(7),
    outcome ?? "-",
    ...(status === undefined ? [] : [String(status)]),
    `by ${caller ?? "unknown"} (${via}${requestedBy === null ? "" : `, for ${requestedBy}`})`,
    ...(entry.action === undefined ? [] : [entry.action]),
    ...(method === undefined || path === undefined ? [] : [`${method} ${path}`]),
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])),
    ...(entry.deduplicated ? ["seen before"] : []),
    ...(sent === undefined ? [] : [toJson(sent)]),
  ]
    .map(visible)
    .join("  ");
}

export function toJsonRecord({ id, at, entry, text }: AuditRecord): object {
  return entry === null ? { id, at, unreadable: text } : { id, at, ...entry };
}
