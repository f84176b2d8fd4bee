/** Keys of the demo in a Redis that is not its own. */
import { Redis } from "ioredis";

const PATIENCE_MS = 3_000;

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    commandTimeout: PATIENCE_MS,
    connectTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 1,
  });
  // Commands reject on their own account; without a listener ioredis prints every lost connection.
  redis.on("error", () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Rejects within seconds when nothing answers. */
export async function checkRedis(url: string): Promise<void> {
  await withRedis(url, (redis) => redis.ping()).catch(() => {
    throw new Error(
      "Redis does not answer at the address in REDIS_URL; correct it, or unset it to have one started here",
    );
  });
}

/** Removes every key that holds `prefix` in its name: a limiter's keys do not begin with it. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  await withRedis(url, async (redis) => {
    for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1_000 }))
      if (keys.length > 0) await redis.unlink(keys);
  });
}
