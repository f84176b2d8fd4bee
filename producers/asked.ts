/** What the audit trail is told of a request for an action. */
import { ACTION_NAMES, findAction } from "../src/actions/catalog.ts";
import type { About } from "../src/audit/witness.ts";
import type { Cancellation } from "../src/queue/cancel.ts";
import type { Enqueued } from "../src/queue/enqueue.ts";
import type { JobRequest } from "../src/queue/request.ts";

/** The arguments as the action reads them; of a request that it would refuse, none. */
export function aboutRequest({ action: name, input, options = {} }: JobRequest): About {
  const { instance = "default", requestedBy } = options;
  const about = { verb: "enqueue", action: name, instance, requested_by: requestedBy } as const;
  if (!ACTION_NAMES.some((known) => known === name)) return about;
  const action = findAction(name);
  const parsed = action.input.safeParse(input);
  if (!parsed.success) return about;
  const { case_id: caseId } = parsed.data;
  return {
    ...about,
    input: parsed.data,
    ...(typeof caseId === "string" && { case_id: caseId }),
    ...(action.effect === "write" && { incident_id: action.incidentOf(parsed.data) }),
  };
}

export function describeJob({ jobId, caseId, deduplicated }: Enqueued): Partial<About> {
  return { job_id: jobId, case_id: caseId, deduplicated };
}

export function describeCancellation({ cancelled }: Cancellation): { outcome: string } {
  return { outcome: cancelled ? "accepted" : "too_late" };
}
