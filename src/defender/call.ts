/** The order of a call to Graph: a token, a slot of the gate, the exchange; and again where that is safe. */
import { randomUUID } from "node:crypto";
import { Failure, toFailure } from "../contract/failure.ts";
import type { Lane, Priority } from "../contract/job.ts";
import type { CallContext, CallEnd, OutgoingCall } from "../contract/ports.ts";
import { reach } from "../fault-point.ts";
import { activeTraceparent, openSpan, type Span, traced } from "../trace/tracer.ts";
import { faultOf, isSuccess } from "./faults.ts";
import type { Gate, Passage } from "./gate.ts";
import { CALLS, type CallKind, type GraphCall, type Limits, routeOf } from "./graph-call.ts";
import { readTokenRefusal, type TokenRefusal } from "./graph-error.ts";
import { DEADLINE, STOPPED } from "./lost.ts";
import { retrying } from "./retry.ts";
import { stopped } from "./stop.ts";
import type { TokenKeeper } from "./token.ts";
import { type Answer, type Exchange, type Transport, textOf } from "./transport.ts";

/** For logs and metrics; holds nothing of a request or an answer but facts. */
export type DefenderEvent =
  | { kind: "call"; call: CallKind; status: number | null; outcome: string; durationMs: number }
  | { kind: "token"; failure: Failure | null }
  /** A call passed the gate, after so long. */
  | { kind: "passed"; lane: Lane; priority: Priority; waitMs: number }
  /** Defender refused a call because of what it says is spent. */
  | { kind: "throttled"; lane: Lane; quota: "calls" | "cpu" | "unknown" };

export interface Wiring {
  graphRoot: string;
  gates: Readonly<Record<Lane, Gate>>;
  tokens: TokenKeeper;
  transport: Transport;
  limits: Limits;
  onEvent(event: DefenderEvent): void;
}

const UNKNOWN_PAUSE_MS = 30_000;

/** Sends one call, tries included; gives the answer of a 2xx. Throws only Failures. */
export async function callGraph(wiring: Wiring, context: CallContext, call: GraphCall): Promise<Answer> {
  const { tokens, limits } = wiring;
  let mayRefresh = true;
  const attempt = async (): Promise<Answer> => {
    const token = await tokens.get(context.signal);
    const first = await passGate(wiring, context, call, token, mayRefresh);
    if ("answer" in first) return first.answer;
    // A refused token is a definite no, so a write is sent again too; once.
    mayRefresh = false;
    const fresh = await tokens.refresh(token, context.signal, first.refused.claims);
    const second = await passGate(wiring, context, call, fresh, mayRefresh);
    if ("answer" in second) return second.answer;
    throw second.failure;
  };
  try {
    return await retrying(call.kind, context.signal, limits.retryDelayMs, attempt);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw context.signal.aborted ? stopped(context.signal) : toFailure(error);
  }
}

type Passed = { answer: Answer } | { refused: TokenRefusal; failure: Failure };

/** A refused token is returned, not thrown, while it may be replaced: Defender did take the call. */
async function passGate(
  wiring: Wiring,
  context: CallContext,
  call: GraphCall,
  token: string,
  mayRefresh: boolean,
): Promise<Passed> {
  const { lane, write } = CALLS[call.kind];
  const gate = wiring.gates[lane];
  const { method, path, incidentId, json: body } = call;
  const outgoing: OutgoingCall = { lane, write, method, path, incidentId, body };
  let hasLeft = false;
  const passage: Passage = {
    priority: context.priority,
    signal: context.signal,
    waitsForSlot: context.waitsForSlot,
    expiresAtMs: context.expiresAtMs,
    async beforeSend() {
      await context.beforeSend(outgoing);
      hasLeft = true;
    },
  };
  const end = (how: CallEnd): void => {
    if (hasLeft) context.afterCall?.(outgoing, how);
  };
  const askedMs = performance.now();
  const { priority } = context;
  const waiting = openSpan(`gate ${lane}`, { attributes: { "defender.priority": priority } });
  const passing = gate.run(passage, async (sent, admittedAtMs): Promise<Passed> => {
    waiting.end();
    wiring.onEvent({ kind: "passed", lane, priority, waitMs: performance.now() - askedMs });
    const exchange = await exchangeOnce(wiring, context.signal, call, token, () => {
      sent();
      if (write) reach("after-send");
    });
    if (write) reach("after-answer");
    const isAnswered = exchange.outcome === "answered";
    if (isAnswered && isSuccess(exchange.status)) return { answer: exchange };
    const failure = faultOf(call, exchange);
    if (failure.code === "throttled") {
      wiring.onEvent({ kind: "throttled", lane, quota: failure.details.quota ?? "unknown" });
      throw await paused(gate, failure, admittedAtMs);
    }
    const mayHelp = mayRefresh && failure.code === "auth_failed" && isAnswered;
    const refused = mayHelp ? readTokenRefusal(exchange) : null;
    if (refused === null) throw failure;
    return { refused, failure };
  });
  try {
    const passed = await passing;
    end("answer" in passed ? endedWell(passed.answer) : endedWith(passed.failure));
    return passed;
  } catch (error) {
    const failure = toFailure(error);
    waiting.fail(failure.code);
    end(endedWith(failure));
    throw error;
  } finally {
    waiting.end();
  }
}

function endedWell({ status, headers }: Answer): CallEnd {
  return { outcome: "ok", status, requestId: headers["request-id"] };
}

function endedWith({ code, mayBeApplied, details: { httpStatus, requestId } }: Failure): CallEnd {
  return { outcome: mayBeApplied ? "outcome_unknown" : code, status: httpStatus, requestId };
}

/** Closes the gate for all workers before this call ends, so that none slips through in between. */
async function paused(gate: Gate, failure: Failure, admittedAtMs: number): Promise<Failure> {
  // Fewer calls would help against neither spent processing time nor a service that is busy.
  const tooMany = failure.details.quota === "calls" ? admittedAtMs : undefined;
  // A pause that Redis cannot keep now still holds this job back, and is no defect of ours.
  const retryAfterMs = await gate
    .pause(failure.details.retryAfterMs, tooMany)
    .catch(() => failure.details.retryAfterMs ?? UNKNOWN_PAUSE_MS);
  return new Failure(failure.code, failure.message, { ...failure.details, retryAfterMs });
}

async function exchangeOnce(
  wiring: Wiring,
  signal: AbortSignal,
  call: GraphCall,
  token: string,
  onSent: () => void,
): Promise<Exchange> {
  const { method, kind } = call;
  const route = routeOf(call);
  const attributes = {
    "http.request.method": method,
    "url.template": route,
    "server.address": new URL(wiring.graphRoot).hostname,
    "defender.call": kind,
  };
  return await traced(`${method} ${route}`, { kind: "client", attributes }, async (span) => {
    const exchange = await sendOnce(wiring, signal, call, token, onSent);
    describe(exchange, span);
    return exchange;
  });
}

function describe(exchange: Exchange, span: Span): void {
  if (exchange.outcome === "answered") {
    const { status, headers } = exchange;
    span.set({ "http.response.status_code": status, "defender.request.id": headers["request-id"] });
    if (!isSuccess(status)) span.fail(String(status));
  } else span.fail(exchange.cause);
}

async function sendOnce(
  { graphRoot, transport, limits, onEvent }: Wiring,
  signal: AbortSignal,
  call: GraphCall,
  token: string,
  onSent: () => void,
): Promise<Exchange> {
  const traceparent = activeTraceparent();
  const startedMs = performance.now();
  const deadline = AbortSignal.timeout(limits.deadlineMs[call.kind]);
  const exchange = await transport.send({
    method: call.method,
    url: `${graphRoot}/v1.0${call.path}`,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "client-request-id": randomUUID(),
      "user-agent": "defender-actions",
      // Random ids, and nothing of the trace's content.
      ...(traceparent === null ? {} : { traceparent }),
      // Without it, newer members of an enumeration arrive as `unknownFutureValue` (`defender-api.md` 2.1).
      ...(call.method === "GET" ? { prefer: "include-unknown-enum-members" } : {}),
      ...(call.json === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
    },
    ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
    signal: AbortSignal.any([signal, deadline]),
    maxAnswerBytes: limits.answerBytes[call.kind],
    onSent,
  });
  const ended = withoutToken(named(exchange, signal, deadline), token);
  onEvent({
    kind: "call",
    call: call.kind,
    status: ended.outcome === "answered" ? ended.status : null,
    outcome: ended.outcome === "answered" ? ended.outcome : `${ended.outcome} ${ended.cause}`,
    durationMs: performance.now() - startedMs,
  });
  return ended;
}

/** Tells our own reasons for an end from the network's. */
function named(exchange: Exchange, signal: AbortSignal, deadline: AbortSignal): Exchange {
  if (exchange.outcome === "answered" || exchange.outcome === "oversized") return exchange;
  if (signal.aborted) return { ...exchange, cause: STOPPED };
  return deadline.aborted ? { ...exchange, cause: DEADLINE } : exchange;
}

/** Error texts reach results and logs, and a gateway may echo what it was sent. */
function withoutToken(exchange: Exchange, token: string): Exchange {
  if (exchange.outcome !== "answered" || isSuccess(exchange.status)) return exchange;
  return { ...exchange, chunks: [Buffer.from(textOf(exchange).replaceAll(token, "…"))] };
}
