/** What workers publish of an instance's quota of incidents, so that producers can say how long a bulk run takes. */
import { z } from "zod";
import type { RedisClient } from "../redis-script.ts";

const quotaSchema = z.object({
  /** All of them hold together. */
  limits: z.array(z.object({ calls: z.number().positive(), window_ms: z.number().positive() })).min(1),
  /** The part of each that bulk calls may hold, between 0 and 1. */
  bulk_share: z.number().positive().max(1),
});
export type Quota = z.output<typeof quotaSchema>;

interface Published {
  name: string;
  limits: { incidents: readonly { calls: number; windowMs: number }[] };
  bulkShare: number;
}

function key(prefix: string): string {
  return `${prefix}:quotas`;
}

export async function publishQuotas(
  redis: RedisClient,
  prefix: string,
  instances: readonly Published[],
): Promise<void> {
  const texts = instances.map(({ name, limits, bulkShare }): [string, string] => {
    const quota: Quota = {
      limits: limits.incidents.map(({ calls, windowMs }) => ({ calls, window_ms: windowMs })),
      bulk_share: bulkShare,
    };
    return [name, JSON.stringify(quota)];
  });
  await redis.hset(key(prefix), Object.fromEntries(texts));
}

/** Null without any worker of the instance so far. */
export async function findQuota(redis: RedisClient, prefix: string, instance: string): Promise<Quota | null> {
  const text = await redis.hget(key(prefix), instance);
  return text === null ? null : quotaSchema.parse(JSON.parse(text));
}
