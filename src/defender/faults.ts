/** What an exchange with Graph that did not succeed means: one function, after the tables of `reliability.md` 5 and `defender-api.md` 1.9 and 1.10. */
import { Failure, type FailureDetails } from "../contract/failure.ts";
import {
  CPU_SPENT,
  CPU_SPENT_429,
  HUNTING_TEXTS,
  MISSING_ROLES,
  NOT_PROVISIONED,
  THROTTLED,
} from "./fault-texts.ts";
import { CALLS, type Target } from "./graph-call.ts";
import {
  type GraphError,
  msToQuarterHour,
  readGraphError,
  readRetryAfterMs,
  readTokenRefusal,
} from "./graph-error.ts";
import { DEADLINE, describeLost } from "./lost.ts";
import { meaningOf, SLOW_QUERY, WRONG_ROOT } from "./status-meanings.ts";
import type { Answer, Exchange, Lost } from "./transport.ts";

/** Whether Defender did what it was asked; the body may still prove unreadable. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** The Failure for an exchange that was no success. `applied` is `maybe` exactly when a write may have had its effect. */
export function faultOf(target: Target, exchange: Exchange): Failure {
  if (exchange.outcome !== "answered") return lostFault(target, exchange);
  const error = readGraphError(exchange);
  return (
    throttledFault(target, exchange, error) ??
    refusedTokenFault(exchange, error) ??
    worded(target, exchange, error) ??
    statusFault(target, exchange, error)
  );
}

/** A 2xx whose body is not what Graph promises: a write has happened nevertheless. */
export function unreadableFault(target: Target, answer: Answer): Failure {
  return new Failure("defender_unavailable", "Microsoft 365 Defender sent an answer that could not be read", {
    ...facts(answer, readGraphError(answer)),
    ...ambiguity(target),
    hint: "Check that GRAPH_API_ROOT leads to Microsoft Graph and that no proxy rewrites its answers.",
  });
}

function lostFault(target: Target, { outcome, cause }: Lost): Failure {
  if (outcome === "oversized") {
    const message = "The answer of Microsoft 365 Defender is larger than this worker accepts";
    return target.kind === "hunting"
      ? new Failure("query_too_large", message, { hint: "Ask for fewer rows or project fewer columns." })
      : new Failure("defender_unavailable", message, {
          ...ambiguity(target),
          retryable: CALLS[target.kind].write,
          hint: WRONG_ROOT,
        });
  }
  const { message, hint } = describeLost("Microsoft 365 Defender", outcome, cause);
  return new Failure("defender_unavailable", message, {
    ...(outcome === "unanswered" ? ambiguity(target) : {}),
    hint: target.kind === "hunting" && cause === DEADLINE ? SLOW_QUERY : hint,
  });
}

/** Reads have no effect; a write without a proper answer may have had its own. */
function ambiguity({ kind }: Target): FailureDetails {
  return CALLS[kind].write ? { applied: "maybe" } : {};
}

function facts(answer: Answer, { code, requestId }: GraphError): FailureDetails {
  return {
    httpStatus: answer.status,
    ...(code === undefined ? {} : { graphCode: code }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function throttledFault({ kind }: Target, answer: Answer, error: GraphError): Failure | null {
  const { status } = answer;
  const retryAfterMs = readRetryAfterMs(answer, error.message);
  const isRefusal = status === 429 || status === 509;
  const cpuSpent =
    kind === "hunting" && (CPU_SPENT.test(error.message) || (isRefusal && CPU_SPENT_429.test(error.message)));
  // A 503 is no proof that a comment was not stored, unless its own words are.
  const turnedAway = kind === "comment" ? THROTTLED.test(`${error.code} ${error.message}`) : true;
  const busy = status === 503 && answer.headers["retry-after"] !== undefined && turnedAway;
  if (!isRefusal && !cpuSpent && !busy) return null;
  const waitMs = retryAfterMs ?? (cpuSpent ? msToQuarterHour(answer) : undefined);
  return new Failure("throttled", "Too many queries were executed. Rate limit is reached.", {
    ...facts(answer, error),
    heldBack: "throttled",
    ...(cpuSpent ? { quota: "cpu" } : status === 429 ? { quota: "calls" } : {}),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    hint: cpuSpent
      ? "The tenant's processing time for hunting is spent; it is refilled every quarter hour. Make queries lighter."
      : "The quota belongs to the whole tenant: look for other clients of Defender, or lower DEFENDER_INCIDENT_LIMITS or DEFENDER_HUNTING_LIMITS.",
  });
}

function refusedTokenFault(answer: Answer, error: GraphError): Failure | null {
  if (NOT_PROVISIONED.test(error.message) || readTokenRefusal(answer) === null) return null;
  return new Failure("auth_failed", "Microsoft Graph refused the access token", {
    ...facts(answer, error),
    hint: "Check that DEFENDER_CLOUD (or LOGIN_API_ROOT and GRAPH_API_ROOT) fits the tenant, that the app is enabled, and that no access policy blocks it.",
  });
}

/** Faults that their text tells apart better than their status. */
function worded({ kind }: Target, answer: Answer, error: GraphError): Failure | null {
  const { message } = error;
  const details = facts(answer, error);
  const roles = MISSING_ROLES.exec(message)?.[1]
    ?.split(/\s*,\s*/)
    .join(" or ");
  if (roles !== undefined) {
    return new Failure("permission_denied", `The app lacks the Graph application permission ${roles}`, {
      ...details,
      hint: `Add ${roles} to the app's Microsoft Graph application permissions and grant admin consent.`,
    });
  }
  if (NOT_PROVISIONED.test(message)) {
    return new Failure("permission_denied", message, {
      ...details,
      hint: "Microsoft 365 Defender is not set up for this tenant: check its licence, and open the Defender portal once to provision it.",
    });
  }
  const wording = kind === "hunting" ? HUNTING_TEXTS.find(({ says }) => says.test(message)) : undefined;
  return wording ? new Failure(wording.code, message, { ...details, hint: wording.hint }) : null;
}

function statusFault(target: Target, answer: Answer, error: GraphError): Failure {
  const { code, hint, message, retryable, ambiguous } = meaningOf(target, answer.status);
  const says = `Microsoft 365 Defender answered ${answer.status}`;
  const fromAnswer =
    error.message === "" ? says : answer.status < 500 ? error.message : `${says}: ${error.message}`;
  return new Failure(code, message ?? fromAnswer, {
    ...facts(answer, error),
    ...(ambiguous ? ambiguity(target) : {}),
    ...(retryable === undefined ? {} : { retryable }),
    hint,
  });
}
