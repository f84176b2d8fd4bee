/** What a run found out, in the words of the result. */
import type { Action, OpenWrite, Outcome } from "../contract/define-action.ts";
import type { Failure } from "../contract/failure.ts";
import { type Findings, findingsSchema, type IncidentRef } from "../contract/result.ts";

export function completedFindings(
  outcome: Extract<Outcome, { kind: "done" }>,
  warnings: readonly string[] = [],
): Findings {
  return findingsSchema.parse({
    is_success: outcome.isSuccess,
    output_message: outcome.message,
    json_result: outcome.json ?? null,
    reason: outcome.reason ?? null,
    warnings: [...(outcome.warnings ?? []), ...warnings],
    incident: outcome.incident ?? null,
    ...outcome.query,
  });
}

/** The SOAR's own wording in front of the reason; an open write is kept as evidence. */
export function failedFindings(
  action: Pick<Action, "failurePrefix"> | null,
  failure: Failure,
  { incident, evidence }: { incident?: IncidentRef | undefined; evidence?: OpenWrite | null } = {},
): Findings {
  return findingsSchema.parse({
    output_message: `${action?.failurePrefix ?? ""}${failure.message}`,
    error: failure.toRecord(),
    incident: incident ?? null,
    json_result: evidence
      ? { sent_at: new Date(evidence.sentAtMs).toISOString(), sent: evidence.note }
      : null,
  });
}
