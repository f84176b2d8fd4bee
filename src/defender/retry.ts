/** The inner of the two retry layers: a few tries over seconds. Whatever lasts longer is the queue's affair. */
import pRetry from "p-retry";
import { Failure } from "../contract/failure.ts";
import type { CallKind } from "./graph-call.ts";

const TRIES = 3;
const TOTAL_MS = 20_000;

/** Runs `attempt` anew, a second or so later, when its Failure says that a repeat is safe and may help. */
export function retrying<T>(
  kind: CallKind,
  signal: AbortSignal,
  firstDelayMs: number,
  attempt: () => Promise<T>,
): Promise<T> {
  // The signal is not p-retry's: that one would drop the outcome of a write that ended as it was stopped.
  return pRetry(attempt, {
    retries: TRIES - 1,
    minTimeout: firstDelayMs,
    randomize: true,
    maxRetryTime: TOTAL_MS,
    shouldRetry: ({ error, attemptNumber }) => !signal.aborted && attemptNumber < triesFor(kind, error),
  });
}

/** How many tries a failure is worth in all (`defender-api.md` 3.3). */
export function triesFor(kind: CallKind, error: Error): number {
  if (!(error instanceof Failure) || error.code !== "defender_unavailable" || !error.retryable) return 1;
  const status = error.details.httpStatus ?? 0;
  const wasDone = error.mayBeApplied || (status >= 200 && status < 300);
  if (wasDone) return 1;
  // Too big or too slow a query ends like this too, and costs the tenant its whole processing time again.
  if (kind === "hunting" && (status === 502 || status === 504)) return 2;
  return TRIES;
}
