/** Reads the error envelopes of Graph and of the gateways before it, and how long an answer asks us to wait. */
import { z } from "zod";
import { type Answer, textOf } from "./transport.ts";

export interface GraphError {
  code: string | undefined;
  /** One line; empty when the answer says nothing of use, as gateway pages do. */
  message: string;
  requestId: string | undefined;
}

const inner = z
  .looseObject({ "request-id": z.string().optional().catch(undefined) })
  .optional()
  .catch(undefined);
const body = z.looseObject({ code: z.string().catch(""), message: z.string().catch("") });
const envelope = z.looseObject({
  error: z.union([
    z.string().transform((message) => ({ code: "", message })),
    body.extend({ innerError: inner }),
  ]),
});

const MESSAGE_CHARS = 1_000;

/** `{"error":{code,message,innerError}}` in all its observed shapes: text for `error`, an empty message, HTML, nothing. */
export function readGraphError(answer: Answer): GraphError {
  const requestId = answer.headers["request-id"];
  const text = textOf(answer).trim();
  const parsed = envelope.safeParse(parseJson(text));
  if (!parsed.success) {
    const isProse = text !== "" && !/^[<{[]/.test(text);
    return { code: undefined, message: isProse ? oneLine(text) : "", requestId };
  }
  const { error } = parsed.data;
  const innerId = "innerError" in error ? error.innerError?.["request-id"] : undefined;
  return {
    code: error.code === "" ? undefined : error.code,
    message: oneLine(error.message),
    requestId: requestId ?? innerId,
  };
}

/** JSON text as a value, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > MESSAGE_CHARS ? `${line.slice(0, MESSAGE_CHARS - 1)}…` : line;
}

const HOUR_MS = 3_600_000;
const QUARTER_HOUR_MS = 900_000;

/**
 * The wait that an answer asks for, in milliseconds, at most an hour: `Retry-After` in seconds or as an HTTP date, else
 * "N seconds" in the message. Undefined when it names none; 0 counts as none, for rejected calls are counted too.
 */
export function readRetryAfterMs(answer: Pick<Answer, "headers">, message: string): number | undefined {
  const header = answer.headers["retry-after"]?.trim() ?? "";
  const seconds = /^\d+(\.\d+)?$/.test(header) ? header : /(\d+)\s*seconds?\b/i.exec(message)?.[1];
  const date = Date.parse(header);
  const waitMs =
    !/^[\d.]+$/.test(header) && !Number.isNaN(date) ? date - answeredAtMs(answer) : Number(seconds) * 1_000;
  return waitMs > 0 ? Math.min(Math.ceil(waitMs), HOUR_MS) : undefined;
}

/** Until the next quarter hour, when Defender refills a tenant's processing time (`defender-api.md` 3.1). */
export function msToQuarterHour(answer: Answer): number {
  return QUARTER_HOUR_MS - (answeredAtMs(answer) % QUARTER_HOUR_MS);
}

/** Dates in an answer are on the server's clock, so its own `Date` is what they are compared with. */
function answeredAtMs(answer: Pick<Answer, "headers">): number {
  const date = Date.parse(answer.headers["date"] ?? "");
  return Number.isNaN(date) ? Date.now() : date;
}

export interface TokenRefusal {
  /** The claims that a continuous access evaluation challenge asks for, as JSON text. */
  claims?: string;
}

/** Whether a new token may help: a plain 401, or a challenge (`insufficient_claims`, in its older form a 403). */
export function readTokenRefusal(answer: Answer): TokenRefusal | null {
  const challenge = answer.headers["www-authenticate"] ?? "";
  if (/error="?insufficient_claims/i.test(challenge)) {
    const encoded = /\bclaims="([^"]+)"/i.exec(challenge)?.[1] ?? "";
    const claims = Buffer.from(encoded, "base64").toString("utf8");
    return typeof parseJson(claims) === "object" ? { claims } : {};
  }
  return answer.status === 401 ? {} : null;
}
