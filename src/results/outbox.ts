/** Final results of a case that the webhook was not told of yet: written by the script that ends a job, read by whoever tells. */
import { z } from "zod";
import { failureCodeSchema } from "../contract/failure.ts";
import { type Findings, incidentRefSchema } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";
import { caseKeys } from "./keys.ts";
import { headSchema } from "./record.ts";

const LONGEST_MESSAGE = 1_000;

export const summarySchema = z.object({
  status: z.enum(["completed", "failed"]),
  is_success: z.boolean(),
  output_message: z.string(),
  error: z.object({ code: failureCodeSchema, retryable: z.boolean() }).nullable(),
  reason: z.string().nullable(),
  incident: incidentRefSchema.nullable(),
  row_count: z.number().nullable(),
});
export type Summary = z.infer<typeof summarySchema>;

/** What a result says in short: no rows, and of a long message the beginning. */
export function summaryOf(status: Summary["status"], findings: Findings): Summary {
  const { is_success, output_message: message, error, reason, incident, row_count = null } = findings;
  const output_message =
    message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…`.toWellFormed() : message;
  return {
    status,
    is_success,
    output_message,
    error: error === null ? null : { code: error.code, retryable: error.retryable },
    reason,
    incident,
    row_count,
  };
}

const untoldSchema = z.object({
  v: z.literal(1),
  head: headSchema,
  summary: summarySchema,
  generation: z.number(),
  finished_ms: z.number(),
  /** The result's, and so unique in its case. */
  cursor: z.string(),
});
export type Untold = z.infer<typeof untoldSchema>;

export class Outbox {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** The one that ended first; null when all were told. */
  async first(caseId: string): Promise<Untold | null> {
    const [text] = await this.#redis.zrange(this.#key(caseId), "0", "0");
    return text === undefined ? null : untoldSchema.parse(JSON.parse(text));
  }

  async holds(caseId: string, cursor: string): Promise<boolean> {
    return (await this.#redis.zcount(this.#key(caseId), cursor, cursor)) > 0;
  }

  async drop(caseId: string, cursor: string): Promise<void> {
    await this.#redis.zremrangebyscore(this.#key(caseId), cursor, cursor);
  }

  #key(caseId: string): string {
    return caseKeys(this.#prefix, caseId).outbox;
  }
}
