/** What the audit trail is told of the calls of a job: writes and hunting queries, not each reading of an incident. */
import type { AuditDraft } from "../audit/entry.ts";
import type { Outcome } from "../contract/define-action.ts";
import type { Job } from "../contract/job.ts";
import type { CallEnd, OutgoingCall } from "../contract/ports.ts";

export function isAudited({ write, lane }: OutgoingCall): boolean {
  return write || lane === "hunting";
}

export function sendEntry(job: Job, { method, path, incidentId, body }: OutgoingCall): AuditDraft {
  return { verb: "send", ...whose(job), incident_id: incidentId, method, path, body };
}

export function answerEntry(
  job: Job,
  { method, path, incidentId }: OutgoingCall,
  { outcome, status, requestId }: CallEnd,
): AuditDraft {
  return {
    verb: "answer",
    outcome,
    status,
    request_id: requestId,
    ...whose(job),
    incident_id: incidentId,
    method,
    path,
  };
}

/** One that is looked for again has not been decided. */
type Verified = Exclude<Outcome, { kind: "again" }>;

/** What became of a write that was not answered, as reading back told. */
export function verifyEntry(job: Job, incidentId: string, found: Verified | null): AuditDraft {
  return { verb: "verify", outcome: outcomeOf(found), ...whose(job), incident_id: incidentId };
}

function outcomeOf(found: Verified | null): AuditDraft["outcome"] {
  if (found === null) return "absent";
  return found.kind === "failed" ? found.failure.code : "found";
}

function whose({ case_id, job_id, action, instance, caller, requested_by }: Job) {
  return { via: "worker", caller, requested_by, case_id, job_id, action, instance } as const;
}
