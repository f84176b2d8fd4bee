/** Waiting for one result, and following a case: nothing final is missed, whatever happens in between. */
import { Failure } from "../contract/failure.ts";
import { isFinal, type Result } from "../contract/result.ts";
import type { JobRef } from "./keys.ts";
import type { ResultReader } from "./reader.ts";
import type { ChangeWatch } from "./watch.ts";

/** A missing job is `not_found`. */
export function unknownJob({ caseId, jobId }: JobRef): Failure {
  return new Failure(
    "not_found",
    `there is no job ${JSON.stringify(jobId)} in case ${JSON.stringify(caseId)}`,
    {
      hint: "Results are kept for RESULT_TTL; see whether the ids and QUEUE_PREFIX are right.",
    },
  );
}

/** The time was up; the job goes on. */
export class WaitTimeout extends Error {
  override readonly name = "WaitTimeout";
  readonly last: Result;

  constructor(last: Result, timeoutMs: number) {
    super(`the job is still ${last.status} after ${timeoutMs} ms; it goes on`);
    this.last = last;
  }
}

/**
 * Resolves with the final result. Rejects with a WaitTimeout that carries the record as it stands, when the time is up or
 * the signal ends it, or with `not_found`.
 */
export async function waitFor(
  reader: ResultReader,
  watch: ChangeWatch,
  job: JobRef,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Result> {
  const startedMs = performance.now();
  const deadlineMs = startedMs + timeoutMs;
  const watching = await watch.watch(job.caseId, job.jobId);
  const wake = (): void => void watching.stop();
  signal?.addEventListener("abort", wake, { once: true });
  try {
    for (;;) {
      // The promise is taken before the read, so a change right after the read is not missed.
      const changed = watching.changed();
      const result = await reader.result(job);
      if (result === null) throw unknownJob(job);
      if (isFinal(result.status)) return result;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new WaitTimeout(result, timeoutMs);
      if (signal?.aborted) throw new WaitTimeout(result, Math.round(performance.now() - startedMs));
      await changedWithin(changed, Math.min(leftMs, untilNextLookMs([result])));
    }
  } finally {
    signal?.removeEventListener("abort", wake);
    await watching.stop();
  }
}

/** What a follower reads by. */
export type CaseReader = Pick<ResultReader, "result" | "resultsForCase" | "changesSince">;

/** Yields what is there after the cursor, then every change, until the signal ends it. */
export async function* follow(
  reader: CaseReader,
  watch: ChangeWatch,
  caseId: string,
  { after = "0", signal }: { after?: string; signal?: AbortSignal },
): AsyncGenerator<Result, void> {
  const watching = await watch.watch(caseId);
  // Not raced against a promise of the end: each race would leave something behind there until then.
  const wake = (): void => void watching.stop();
  signal?.addEventListener("abort", wake, { once: true });
  /** They may expire, which nobody announces: those still queued, also from before the cursor. */
  const queued = new Map<string, Result>();
  let cursor = after;
  try {
    if (after !== "0") {
      for (const result of await reader.resultsForCase(caseId))
        if (mayExpireUnseen(result, after)) queued.set(result.job_id, result);
    }
    while (signal?.aborted !== true) {
      const changed = watching.changed();
      for (const result of await reader.changesSince(caseId, cursor)) {
        cursor = result.cursor;
        if (result.status === "queued") queued.set(result.job_id, result);
        else queued.delete(result.job_id);
        yield result;
      }
      for (const { job_id: jobId } of [...queued.values()].filter(isPastExpiry)) {
        const result = await reader.result({ caseId, jobId });
        // Redis's clock is behind ours.
        if (result?.status === "queued") continue;
        queued.delete(jobId);
        // What has changed since is among the next changes.
        if (result !== null && Number(result.cursor) <= Number(cursor)) yield result;
      }
      if (signal?.aborted) return;
      await changedWithin(changed, untilNextLookMs([...queued.values()]));
    }
  } finally {
    signal?.removeEventListener("abort", wake);
    await watching.stop();
  }
}

/** Whoever waits reads so often by himself, for a connection that has died unnoticed brings no announcements. */
const LOOK_AGAIN_MS = 10_000;

/** An expiry is judged on Redis's clock; ours only says when to look again. */
function untilNextLookMs(results: readonly Result[]): number {
  const waits = results
    .filter(({ status }) => status === "queued")
    .map(({ expires_at }) => Date.parse(expires_at) - Date.now());
  return Math.min(LOOK_AGAIN_MS, ...waits.map((ms) => Math.max(50, ms + 1)));
}

/** Queued when the follower last looked, and so perhaps still, or expired without a word since. */
function mayExpireUnseen({ status, cursor, error, finished_at, expires_at }: Result, after: string): boolean {
  const hasExpired = error?.code === "expired" && finished_at === expires_at;
  return Number(cursor) <= Number(after) && (status === "queued" || hasExpired);
}

function isPastExpiry({ expires_at }: Result): boolean {
  return Date.parse(expires_at) <= Date.now();
}

async function changedWithin(changed: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([changed, timeUp]);
  clearTimeout(timer);
}
