/** Errors as RFC 9457 problem documents, with the product's failure codes. */
import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { Failure, type FailureCode, failureCodeSchema, toFailure } from "../../src/contract/failure.ts";
import type { Log } from "../../src/log.ts";
import { isRedisAway } from "../../src/queue/unreachable.ts";

export const PROBLEM_TYPE = "application/problem+json";

export const problemSchema = z.object({
  type: z.string().describe("`urn:defender-actions:` and the code."),
  title: z.string(),
  status: z.int(),
  detail: z
    .string()
    .describe("One sentence; for bad input it names field, what was given and what is allowed."),
  code: failureCodeSchema,
  retryable: z.boolean().describe("Whether the same request may succeed later."),
  hint: z.string().nullable(),
  errors: z
    .array(
      z.object({
        field: z.string(),
        message: z.string(),
        given: z.string().nullable().describe("As text, shortened; null when it is missing."),
        allowed: z.string().nullable(),
      }),
    )
    .describe("Each field at fault."),
  job_id: z.string().optional().describe("The job was accepted; only what came after failed."),
  case_id: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** Those of requests; what became of an action is in its result. */
const STATUSES: Partial<Record<FailureCode, number>> = {
  invalid_input: 400,
  auth_failed: 401,
  permission_denied: 403,
  not_found: 404,
  conflict: 409,
  throttled: 429,
};

/** A request that is wrong as HTTP, whatever it asks for. */
export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Where it is, is not for callers. */
const REDIS_AWAY = new Failure("defender_unavailable", "the queue does not answer: its Redis is away", {
  hint: "Try again; a write with the same Idempotency-Key.",
});

export function problemOf(error: unknown): Problem {
  if (isRedisAway(error)) return describe(503, REDIS_AWAY);
  const status = statusOf(error);
  if (status !== null && error instanceof Error)
    return describe(status, new Failure("invalid_input", error.message), { retryable: status === 408 });
  const failure = toFailure(error);
  const known = error instanceof Failure ? STATUSES[failure.code] : undefined;
  if (known !== undefined) return describe(known, failure);
  // A defect: what it says is for the log.
  return describe(500, new Failure("internal_error", "the request failed; the server's log says why"));
}

/** Of errors that are the request's own fault: ours, and those of fastify. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpRefusal) return error.status;
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : null;
  return typeof status === "number" && status >= 400 && status < 500 ? status : null;
}

function describe(status: number, failure: Failure, more: Partial<Problem> = {}): Problem {
  const { code, message, retryable, details } = failure;
  return {
    type: `urn:defender-actions:${code}`,
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail: message,
    code,
    retryable,
    hint: details.hint ?? null,
    errors: [...(details.faults ?? [])],
    ...more,
  };
}

/** Answers with the problem; `more` are members of its own. */
export async function sendProblem(
  reply: FastifyReply,
  error: unknown,
  more: Partial<Problem> = {},
): Promise<unknown> {
  const problem = { ...problemOf(error), ...more };
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  if (problem.status === 503) reply.header("retry-after", "1");
  return await reply.status(problem.status).type(PROBLEM_TYPE).send(problem);
}

export function errorHandler(log: Log) {
  return async (error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { method, routeOptions } = request;
    const { status } = problemOf(error);
    const line = { event: "api.error", method, route: routeOptions.url, status, err: error };
    if (status >= 500) log.error(line, "request failed");
    else log.debug(line, "request refused");
    return await sendProblem(reply, error);
  };
}
