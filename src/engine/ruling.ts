/** What follows from how a run ended: pure decisions, without queue or store. */
import type { Outcome } from "../contract/define-action.ts";
import { Failure } from "../contract/failure.ts";
import type { WaitReason } from "../contract/result.ts";
import { backoffMs, RETRY_POLICY, type RetryPolicy } from "./backoff.ts";

/** A run ends with an outcome, or with a Failure that was thrown on the way. */
export type Ended = Outcome | { kind: "thrown"; failure: Failure };

export interface Circumstances {
  /** Failed tries before this one. */
  attempts: number;
  /** A write was sent and nothing tells what became of it. */
  hasOpenWrite: boolean;
  /** The worker is stopping, or lost the job. */
  isAborted: boolean;
  policy?: RetryPolicy;
  random?: () => number;
}

export type Ruling =
  | { kind: "complete"; outcome: Extract<Outcome, { kind: "done" }>; attempts: number }
  | {
      kind: "fail";
      failure: Failure;
      attempts: number;
      incident?: Extract<Outcome, { kind: "failed" }>["incident"];
    }
  /** Later, by itself; the worker slot is free meanwhile. */
  | { kind: "wait"; waitFor: WaitReason; delayMs: number; attempts: number }
  /** As soon as the gate opens; nobody takes jobs of this lane until then. */
  | { kind: "hold"; waitFor: WaitReason; delayMs: number; attempts: number }
  | { kind: "hand-back"; attempts: number };

/** Shortest time for which a lane is held, so that a gate about to open causes no spinning. */
const SHORTEST_HOLD_MS = 20;
/** Jobs are taken this much before a slot is due, and wait for it inside the gate: no part of the quota is lost. */
const AHEAD_MS = 300;

/**
 * Throttling, order, settling and hand-backs cost no attempt. While a write is open every failure is tried again, for
 * only reading back can tell what became of it; when that ends without an answer, the outcome is unknown.
 */
export function rule(ended: Ended, circumstances: Circumstances): Ruling {
  const { attempts, hasOpenWrite, isAborted, policy = RETRY_POLICY, random } = circumstances;
  if (ended.kind === "done") return { kind: "complete", outcome: ended, attempts: attempts + 1 };
  if (isAborted) return { kind: "hand-back", attempts };
  if (ended.kind === "again")
    return { kind: "wait", waitFor: ended.waitFor, delayMs: ended.delayMs, attempts };
  const { failure } = ended;
  if (ended.kind === "failed") {
    return {
      kind: "fail",
      failure,
      attempts: attempts + 1,
      ...(ended.incident && { incident: ended.incident }),
    };
  }
  const { heldBack, retryAfterMs = 0 } = failure.details;
  if (failure.code === "throttled" && heldBack !== undefined) {
    if (failure.details.binds === "job")
      return { kind: "wait", waitFor: heldBack, delayMs: retryAfterMs, attempts };
    const aheadMs = heldBack === "quota" ? AHEAD_MS : 0;
    const delayMs = Math.max(SHORTEST_HOLD_MS, retryAfterMs - aheadMs);
    return { kind: "hold", waitFor: heldBack, delayMs, attempts };
  }
  const mayRetry =
    hasOpenWrite || (failure.retryable && failure.code !== "expired" && failure.code !== "cancelled");
  if (mayRetry && attempts + 1 < policy.attempts) {
    return {
      kind: "wait",
      waitFor: "retry",
      delayMs: backoffMs(attempts + 1, policy, random),
      attempts: attempts + 1,
    };
  }
  return { kind: "fail", failure: hasOpenWrite ? unknownOutcome(failure) : failure, attempts: attempts + 1 };
}

function unknownOutcome(last: Failure): Failure {
  const message = `a write was sent, but what became of it could not be verified: ${last.message}`;
  return new Failure("outcome_unknown", message, {
    ...last.details,
    retryable: false,
    hint: "Look at the incident in Defender: the evidence in json_result says what was sent and when.",
  });
}
