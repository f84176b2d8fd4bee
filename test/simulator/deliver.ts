/** Sends an answer, whole or in the way a fault says: late, slowly, cut short, or not at all. */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { FastifyReply } from "fastify";
import { type Answer, type Call, GraphError, graphHeaders } from "./answer.ts";
import type { Fault } from "./faults.ts";
import type { Arrival } from "./ledger.ts";
import { manyRows } from "./many-rows.ts";

type Outcome = Arrival["status"];

/** What Graph's own error says for a status when a script gives no body (reference: 1.9, 1.10). */
const usualErrors: Readonly<Record<number, [code: string, message: string]>> = {
  401: ["InvalidAuthenticationToken", "Access token has expired or is not yet valid."],
  403: ["Forbidden", "Missing application roles."],
  404: ["ResourceNotFound", "Not found."],
  429: ["TooManyRequests", "Please retry again later."],
  500: ["InternalServerError", "An internal server error occurred."],
  503: ["ServiceUnavailable", "The service is temporarily unavailable."],
};

/** The answer that a fault puts in place of the real one. */
export function faultAnswer(fault: Fault, call: Call): Answer | undefined {
  const { rows, status = 200, body = rows === undefined ? undefined : manyRows(rows) } = fault;
  if (fault.status === undefined && body === undefined) return undefined;
  if (body === undefined && status >= 400) {
    const [code, message] = usualErrors[status] ?? ["UnknownError", ""];
    return new GraphError(status, code, message, lowerCaseNames(fault.headers)).toAnswer(call);
  }
  const isHtml = typeof body === "string" && body.trimStart().startsWith("<");
  return {
    status,
    headers: {
      ...graphHeaders(call),
      ...(isHtml ? { "content-type": "text/html" } : {}),
      ...lowerCaseNames(fault.headers),
    },
    body: typeof body === "string" ? body : JSON.stringify(body ?? ""),
  };
}

function lowerCaseNames(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Sends it; `outcome` is told what became of it just before the last byte goes out. */
export async function deliver(
  reply: FastifyReply,
  answer: Answer,
  fault: Fault | undefined,
  outcome: (status: Outcome) => void,
): Promise<void> {
  if (fault === undefined) {
    outcome(answer.status);
    await reply
      .code(answer.status)
      .headers(answer.headers ?? {})
      .send(answer.body);
    return;
  }
  reply.hijack();
  const { raw } = reply;
  if (fault.delayMs !== undefined) await pause(fault.delayMs);
  if (raw.destroyed) return outcome("closed");
  if (fault.reset !== undefined) {
    outcome("reset");
    raw.destroy();
    return;
  }
  if (fault.hang) return outcome("hung");
  const body = fault.gzip ? gzipSync(answer.body) : Buffer.from(answer.body);
  raw.writeHead(answer.status, {
    ...answer.headers,
    ...(fault.gzip ? { "content-encoding": "gzip" } : {}),
    ...lowerCaseNames(fault.headers),
    "content-length": body.length,
  });
  const sent = fault.truncateBytes === undefined ? body : body.subarray(0, fault.truncateBytes);
  if (fault.drip !== undefined && !(await drip(raw, sent, fault.drip))) return outcome("closed");
  outcome(fault.truncateBytes === undefined ? answer.status : "reset");
  if (fault.truncateBytes === undefined) raw.end(fault.drip === undefined ? sent : undefined);
  else raw.write(fault.drip === undefined ? sent : "", () => raw.destroy());
}

/** Writes piece by piece; false when the caller left. */
async function drip(raw: ServerResponse, body: Buffer, { bytes, everyMs }: NonNullable<Fault["drip"]>) {
  for (let at = 0; at < body.length; at += bytes) {
    if (raw.destroyed) return false;
    raw.write(body.subarray(at, at + bytes));
    await pause(everyMs);
  }
  return !raw.destroyed;
}

/** Never keeps the process alive. */
async function pause(ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false });
}
