/** What a retry would do, and what it did, for people and for programs. */
import type { FailedJob, FailureCode } from "../client.ts";
import { formatFailed, formatLine, JOBS_SHOWN } from "./failed-text.ts";
import type { RetryPlan, Skipped } from "./retry-plan.ts";

export interface RetryOutcome {
  retried: FailedJob[];
  skipped: Skipped[];
  failed: { job: FailedJob; code: FailureCode; message: string }[];
}

export function formatPlan({ retry, skipped }: RetryPlan): string {
  return [
    `To be asked for again: ${jobs(retry.length)}, in this order`,
    ...listJobs(retry),
    ...formatSkipped(skipped, "To be skipped"),
  ].join("\n");
}

export function formatOutcome({ retried, skipped, failed }: RetryOutcome): string {
  return [
    `Asked for again: ${jobs(retried.length)}`,
    ...listJobs(retried),
    ...formatSkipped(skipped, "Skipped"),
    ...(failed.length === 0 ? [] : [`Could not be asked for: ${jobs(failed.length)}`]),
    ...failed.map(({ job, code, message }) => formatLine(job, `${code}: ${message}`)),
  ].join("\n");
}

export function toRetryJson(plan: RetryPlan, outcome: RetryOutcome, dryRun: boolean): object {
  return {
    dryRun,
    planned: plan.retry.map(refer),
    retried: outcome.retried.map(refer),
    skipped: outcome.skipped.map(({ job, reason }) => ({ ...refer(job), reason })),
    failed: outcome.failed.map(({ job, code, message }) => ({ ...refer(job), error: { code, message } })),
  };
}

function refer({ jobId, caseId, action, instance, code }: FailedJob) {
  return { jobId, caseId, action, instance, code };
}

function formatSkipped(skipped: readonly Skipped[], title: string): string[] {
  if (skipped.length === 0) return [];
  return [`${title}: ${jobs(skipped.length)}`, ...skipped.map(({ job, reason }) => formatLine(job, reason))];
}

function listJobs(list: readonly FailedJob[]): string[] {
  if (list.length === 0) return [];
  const more = list.length - JOBS_SHOWN;
  return [formatFailed(list.slice(0, JOBS_SHOWN)), ...(more > 0 ? [`and ${jobs(more)} more`] : [])];
}

function jobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}
