/** What is read off a request: for the routes as a call, for the ledger as an arrival without secrets. */
import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Call } from "./answer.ts";
import { type JsonValue, parseJson } from "./json.ts";
import type { Arrival, Lane } from "./ledger.ts";

const secretFields = new Set(["client_secret", "client_assertion", "password", "refresh_token"]);

function headerText(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

export function readCall(request: FastifyRequest): Call {
  const origin = `${request.protocol}://${request.host}`;
  const url = new URL(request.url, origin);
  const params = request.params;
  return {
    method: request.method,
    path: url.pathname,
    origin,
    query: url.searchParams,
    headers: request.headers,
    body: readBody(request),
    params:
      typeof params === "object" && params !== null
        ? Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))
        : {},
    requestId: randomUUID(),
    clientRequestId: headerText(request, "client-request-id"),
  };
}

/** The body as text; empty while it is not in. */
export function readBody(request: FastifyRequest): string {
  return typeof request.body === "string" ? request.body : "";
}

/** The arrival as known when only the head of the request has been read. */
export function openArrival(call: Call, lane: Lane, timeMs: number): Arrival {
  return {
    seq: 0,
    timeMs,
    lane,
    method: call.method,
    path: call.path,
    query: Object.fromEntries(call.query),
    body: null,
    tenant: null,
    clientRequestId: call.clientRequestId ?? null,
    requestId: call.requestId,
    counted: false,
    rejected: false,
    faulted: false,
    status: null,
  };
}

/** The body as the ledger keeps it. */
export function recordedBody(call: Call, lane: Lane): JsonValue {
  if (call.body === "") return null;
  if (lane !== "token") return parseJson(call.body) ?? call.body;
  const fields = [...new URLSearchParams(call.body)];
  return Object.fromEntries(
    fields.map(([name, value]) => [name, secretFields.has(name) ? "[blanked]" : value]),
  );
}
