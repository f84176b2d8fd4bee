/** What the board shows of a job: who asked for what and when, and how it failed; no argument and no text of an answer. */
import { z } from "zod";
import { FAILURE_CODES, failureCodeSchema } from "../contract/failure.ts";

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

/** A message may quote arguments, so only its code counts; the result of the job has all of it. */
export function showReason(reason: string): string {
  const code = failureCodeSchema.safeParse(reason.split(":", 1)[0]);
  return code.success
    ? `${code.data}: ${FAILURE_CODES[code.data].meaning}`
    : "internal_error: see the log of the worker";
}
