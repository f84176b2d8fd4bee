/** What a route answers, and Graph's own error envelope. */
import { randomUUID } from "node:crypto";

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Text on the wire; JSON is written by `graphJson`. */
  body: string;
}

/** One request as the routes see it: the body as text, the query decoded, the origin as the caller wrote it. */
export interface Call {
  method: string;
  path: string;
  origin: string;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  params: Record<string, string>;
  requestId: string;
  clientRequestId: string | undefined;
}

const graphContentType =
  "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

const agsDiagnostic = JSON.stringify({
  ServerInfo: { DataCenter: "Simulated", Slice: "E", Ring: "5", ScaleUnit: "001", RoleInstance: "SIMULATOR" },
});

/** The headers that every Graph answer carries (reference: 1.10). */
export function graphHeaders(call: Call): Record<string, string> {
  return {
    "content-type": graphContentType,
    "request-id": call.requestId,
    ...(call.clientRequestId === undefined ? {} : { "client-request-id": call.clientRequestId }),
    "x-ms-ags-diagnostic": agsDiagnostic,
  };
}

export function graphJson(call: Call, status: number, body: unknown): Answer {
  return { status, headers: graphHeaders(call), body: JSON.stringify(body) };
}

/** Thrown by routes; becomes Graph's `{error:{code,message,innerError}}`. */
export class GraphError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  toAnswer(call: Call): Answer {
    const innerError = {
      ...(this.status === 429 ? { code: "429", message: "Please retry after", status: "429" } : {}),
      date: new Date().toISOString().slice(0, 19),
      "request-id": call.requestId,
      "client-request-id": call.clientRequestId ?? call.requestId,
    };
    const answer = graphJson(call, this.status, {
      error: { code: this.code, message: this.message, innerError },
    });
    return { ...answer, headers: { ...answer.headers, ...this.headers } };
  }
}

export function badRequest(message: string): GraphError {
  return new GraphError(400, "BadRequest", message);
}

/** The page that a gateway in front of Graph answers with, for bodies too large and the like. */
export function gatewayPage(status: number, title: string): Answer {
  return {
    status,
    headers: { "content-type": "text/html", "request-id": randomUUID() },
    body: `<html><head><title>${status} ${title}</title></head><body><center><h1>${status} ${title}</h1></center></body></html>`,
  };
}

/** The body as a JSON object, or Graph's complaint that it is none. */
export function readJsonObject(call: Call): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(call.body);
  } catch {
    throw badRequest(
      "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
    );
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw badRequest("A JSON object was expected as the request payload.");
  }
  return { ...parsed };
}
