/** Where results lie in Redis. All keys of a case share its hash tag, so that one script may touch them on a cluster. */
import { createHash } from "node:crypto";

/** What a result is read by. */
export interface JobRef {
  caseId: string;
  jobId: string;
}

export interface CaseKeys {
  /** Hash: one result. */
  record(jobId: string): string;
  /** Sorted set: job ids by the time they were enqueued, oldest first. */
  jobs: string;
  /** Sorted set: job ids by the cursor of their last change; also the channel on which changes are announced. */
  changes: string;
  /** Hash: gzipped pages of rows by number. A run writes its own, so that a stale one cannot mix in. */
  rows(jobId: string, generation: number, run: number): string;
  /** Sorted set: final results that the webhook was not told of yet, by cursor. */
  outbox: string;
}

/** Case ids may hold braces and any other text, so their hash is the tag. */
export function caseKeys(prefix: string, caseId: string): CaseKeys {
  const base = `${prefix}:{case-${createHash("sha256").update(caseId).digest("hex").slice(0, 20)}}`;
  return {
    record: (jobId) => `${base}:result:${jobId}`,
    jobs: `${base}:jobs`,
    changes: `${base}:changes`,
    rows: (jobId, generation, run) => `${base}:rows:${jobId}:${generation}-${run}`,
    outbox: `${base}:outbox`,
  };
}

/** The record that a key of rows belongs to. */
export function recordKeyOf(rowsKey: string): string {
  return rowsKey.replace(/^(.*?\}):rows:(.*):\d+-\d+$/s, "$1:result:$2");
}

/**
 * The index of all rows: sorted sets of their keys by age and by the end of their time, a hash of the bytes of each, and the
 * sum of those.
 */
export function rowSetKeys(prefix: string): string[] {
  return ["ages", "ends", "bytes", "total"].map((part) => `${prefix}:{row-sets}:${part}`);
}

/** Sorted set: `[case id, job id]` pairs that concern one incident, by the time they were enqueued. */
export function incidentJobsKey(prefix: string, instance: string, incidentId: string): string {
  return `${prefix}:{incident-${instance}-${incidentId}}:jobs`;
}
