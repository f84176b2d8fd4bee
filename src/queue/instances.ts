/** What workers publish for producers: which instances there are, and the defaults of their jobs. It outlives the workers. */
import { z } from "zod";
import { Failure } from "../contract/failure.ts";
import type { RedisClient } from "../redis-script.ts";

const publishedSchema = z.object({
  job_expires_after_ms: z.number(),
  result_ttl_ms: z.number(),
  bulk_result_ttl_ms: z.number().default(90 * 86_400_000),
  dry_run: z.boolean().default(false),
});

/** Without any worker so far. */
const DEFAULTS = {
  jobExpiresAfterMs: 3_600_000,
  resultTtlMs: 7 * 86_400_000,
  bulkResultTtlMs: 90 * 86_400_000,
};

export interface Published {
  jobExpiresAfterMs: number;
  resultTtlMs: number;
  /** How long the report of a bulk run is kept after its end; published by workers of this version. */
  bulkResultTtlMs?: number;
  /** Workers send no writes, and their results satisfy no idempotency key once they do. */
  isDryRun?: boolean;
}

function key(prefix: string): string {
  return `${prefix}:instances`;
}

export async function publishInstances(
  redis: RedisClient,
  prefix: string,
  names: readonly string[],
  defaults: Published,
  dryRuns: readonly string[] = [],
): Promise<void> {
  const textOf = (name: string) =>
    JSON.stringify({
      job_expires_after_ms: defaults.jobExpiresAfterMs,
      result_ttl_ms: defaults.resultTtlMs,
      bulk_result_ttl_ms: defaults.bulkResultTtlMs,
      dry_run: dryRuns.includes(name),
    });
  await redis.hset(key(prefix), Object.fromEntries(names.map((name) => [name, textOf(name)])));
}

/** The defaults of an instance's jobs. An unknown instance is `invalid_input`; an empty list refuses nothing. */
export async function findInstance(
  redis: RedisClient,
  prefix: string,
  name: string,
): Promise<Published & { bulkResultTtlMs: number }> {
  const list = new Map(Object.entries(await redis.hgetall(key(prefix))));
  const text = list.get(name);
  if (text === undefined) {
    if (list.size === 0) return DEFAULTS;
    throw new Failure(
      "invalid_input",
      `instance: given ${JSON.stringify(name)}; allowed: ${[...list.keys()].sort().join(", ")}`,
    );
  }
  const published = publishedSchema.parse(JSON.parse(text));
  return {
    jobExpiresAfterMs: published.job_expires_after_ms,
    resultTtlMs: published.result_ttl_ms,
    bulkResultTtlMs: published.bulk_result_ttl_ms,
    isDryRun: published.dry_run,
  };
}

export async function listInstances(redis: RedisClient, prefix: string): Promise<string[]> {
  return (await redis.hkeys(key(prefix))).sort();
}
