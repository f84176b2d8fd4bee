/** Which failed jobs are meant. */
import { z } from "zod";
import { describeInvalid, Failure, type FailureCode, failureCodeSchema } from "../contract/failure.ts";
import { instanceNameSchema } from "../contract/job.ts";
import { refusing } from "../contract/refusal.ts";
import type { FailedJob } from "./failed-job.ts";

export interface FailedFilter {
  instance?: string | undefined;
  code?: FailureCode | undefined;
  action?: string | undefined;
  caseId?: string | undefined;
  /** Those that failed then or later. */
  since?: Date | undefined;
  /** At most so many, the newest. */
  limit?: number | undefined;
}

const text = z.string(refusing("text"));
const limit = refusing("a whole number from 1");
const filterSchema = z.strictObject({
  instance: instanceNameSchema.optional(),
  code: z.enum(failureCodeSchema.options, refusing(failureCodeSchema.options.join(", "))).optional(),
  action: text.optional(),
  caseId: text.optional(),
  since: z.date(refusing("a date")).optional(),
  limit: z.int(limit).min(1, limit).optional(),
});

/** Throws `invalid_input` that names the field, what was given and what is allowed: a filter misread means other jobs. */
export function checkFilter(given: FailedFilter): FailedFilter {
  const parsed = filterSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Failure("invalid_input", describeInvalid(parsed.error));
}

/** Instance, time and limit are seen to by whoever reads the queues. */
export function passes(job: FailedJob, { code, action, caseId }: FailedFilter): boolean {
  return (
    (code === undefined || job.code === code) &&
    (action === undefined || job.action === action) &&
    (caseId === undefined || job.caseId === caseId)
  );
}
