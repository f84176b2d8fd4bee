/** Answers of the token endpoint, and its refusals with their AADSTS numbers (reference: 5.2, 5.3). */
import { randomUUID } from "node:crypto";
import type { Answer, Call } from "./answer.ts";

/** An OAuth refusal; the text is fixed per AADSTS number, as clients must not read it. */
export class OAuthError extends Error {
  readonly status: number;
  readonly error: string;
  readonly number: number;

  constructor(status: number, error: string, number: number, description: string) {
    super(description);
    this.status = status;
    this.error = error;
    this.number = number;
  }

  toAnswer(call: Call): Answer {
    const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
    const traceId = randomUUID();
    const correlationId = call.clientRequestId ?? randomUUID();
    return loginJson(this.status, {
      error: this.error,
      error_description: `AADSTS${this.number}: ${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [this.number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${this.number}`,
    });
  }
}

/** A JSON answer of the login host; nothing of it may be cached. */
export function loginJson(status: number, body: unknown): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store, no-cache" },
    body: JSON.stringify(body),
  };
}
