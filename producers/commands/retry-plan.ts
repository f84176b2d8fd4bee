/** Which failed jobs are asked for again, in which order, and why others are not. Pure decisions. */
import type { FailedJob, FailureCode, Result } from "../client.ts";
import { commandLine } from "./session.ts";

export interface Skipped {
  job: FailedJob;
  reason: string;
}

export interface RetryPlan {
  /** As they were accepted, for a later write to an incident is to have the last word. */
  retry: FailedJob[];
  skipped: Skipped[];
}

/** Writes that set since what a failed one was to set, by the failed one's job id. */
export type LaterWrites = ReadonlyMap<string, Result>;

/** What was asked for: one job by its id, or all that a filter lets pass, perhaps of one code. */
export interface Asked {
  isNamed: boolean;
  code?: FailureCode | undefined;
}

export function planRetry(
  jobs: readonly FailedJob[],
  asked: Asked,
  later: LaterWrites = new Map(),
): RetryPlan {
  const plan: RetryPlan = { retry: [], skipped: [] };
  for (const job of jobs) {
    const reason = reasonAgainst(job, asked, later);
    if (reason === null) plan.retry.push(job);
    else plan.skipped.push({ job, reason });
  }
  plan.retry.sort((left, right) => Date.parse(left.enqueuedAt ?? "") - Date.parse(right.enqueuedAt ?? ""));
  return plan;
}

function reasonAgainst(job: FailedJob, { isNamed, code }: Asked, later: LaterWrites): string | null {
  if (job.code === "outcome_unknown")
    return `the outcome of its write is unknown; say what became of it: ${commandLine("settle", job.jobId)}`;
  if (!job.hasArguments) return "its payload is not a job of ours, or is not kept any more";
  if (isNamed) return null;
  if (!job.hasResult)
    return "its result has expired, so it may have run since; name the job to ask for it all the same";
  const since = later.get(job.jobId);
  if (since !== undefined)
    return `job ${since.job_id} of case ${since.case_id} has written to incident ${job.incidentId} since, which would be undone; name the job to ask for it all the same`;
  if (job.code === code) return null;
  if (job.code === "cancelled") return "somebody took it back; --code cancelled asks for it all the same";
  if (!job.retryable) return `it would fail the same way again; --code ${job.code} asks for it all the same`;
  return null;
}
