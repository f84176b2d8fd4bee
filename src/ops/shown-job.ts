/** What the board shows of a job: who asked for what and when, and how it failed; no argument and no text of an answer. */
import { z } from "zod";
import { FAILURE_CODES, type FailureRecord, failureCodeSchema } from "../contract/failure.ts";
import type { JobRef } from "../results/keys.ts";

const LONGEST_ID = 100;

const shown = z
  .union([z.string().max(200), z.number()])
  .optional()
  .catch(undefined);

const shownSchema = z
  .object({
    case_id: shown,
    job_id: shown,
    action: shown,
    instance: shown,
    priority: shown,
    generation: shown,
    requested_by: shown,
    enqueued_at: shown,
    expires_at: shown,
    run_id: shown,
  })
  .catch({});

/** Of a payload or a return value, whoever made it. */
export function showData(data: unknown): object {
  return shownSchema.parse(data);
}

/** Where the result of a payload lies; null when it does not say. */
export function recordOf(data: unknown): JobRef | null {
  const { case_id: caseId, job_id: jobId } = shownSchema.parse(data);
  return typeof caseId === "string" && typeof jobId === "string" ? { caseId, jobId } : null;
}

/** A message may quote arguments, so only its code counts, and of its result the hint and the request id; the page of the job has all of it. */
export function showReason(reason: string, error: FailureRecord | null = null): string {
  const code = failureCodeSchema.safeParse(reason.split(":", 1)[0]);
  if (!code.success) return "internal_error: see the log of the worker";
  const said = `${code.data}: ${FAILURE_CODES[code.data].meaning}.`;
  // The result may be of a later run.
  const { hint, request_id: requestId } = error?.code === code.data ? error : {};
  const parts = [said, hint, requestId && `Request id: ${requestId.slice(0, LONGEST_ID)}`];
  return parts.filter((part) => part).join(" ");
}
