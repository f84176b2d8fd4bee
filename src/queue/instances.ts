/** What workers publish for producers: which instances there are, and the defaults of their jobs. It outlives the workers. */
import { z } from "zod";
import { Failure } from "../contract/failure.ts";
import type { RedisClient } from "../redis-script.ts";

const publishedSchema = z.object({ job_expires_after_ms: z.number(), result_ttl_ms: z.number() });

/** Without any worker so far. */
const DEFAULTS = { jobExpiresAfterMs: 3_600_000, resultTtlMs: 7 * 86_400_000 };

export type Published = typeof DEFAULTS;

function key(prefix: string): string {
  return `${prefix}:instances`;
}

export async function publishInstances(
  redis: RedisClient,
  prefix: string,
  names: readonly string[],
  defaults: Published,
): Promise<void> {
  const text = JSON.stringify({
    job_expires_after_ms: defaults.jobExpiresAfterMs,
    result_ttl_ms: defaults.resultTtlMs,
  });
  await redis.hset(key(prefix), Object.fromEntries(names.map((name) => [name, text])));
}

/** The defaults of an instance's jobs. An unknown instance is `invalid_input`; an empty list refuses nothing. */
export async function findInstance(redis: RedisClient, prefix: string, name: string): Promise<Published> {
  const list = new Map(Object.entries(await redis.hgetall(key(prefix))));
  const text = list.get(name);
  if (text === undefined) {
    if (list.size === 0) return DEFAULTS;
    throw new Failure(
      "invalid_input",
      `instance: given ${JSON.stringify(name)}; allowed: ${[...list.keys()].sort().join(", ")}`,
    );
  }
  const { job_expires_after_ms, result_ttl_ms } = publishedSchema.parse(JSON.parse(text));
  return { jobExpiresAfterMs: job_expires_after_ms, resultTtlMs: result_ttl_ms };
}

export async function listInstances(redis: RedisClient, prefix: string): Promise<string[]> {
  return (await redis.hkeys(key(prefix))).sort();
}
