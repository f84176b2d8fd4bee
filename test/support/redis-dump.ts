/** Everything that lies in Redis under a prefix, as one text to search in. */
import { Cluster } from "ioredis";
import { connectWorker } from "../../src/queue/connection.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import type { RedisConfig } from "../../src/settings/redis.ts";

export async function dumpRedis(config: RedisConfig): Promise<string> {
  const redis = connectWorker(config);
  try {
    // A cluster knows its nodes once it has answered.
    await redis.ping();
    const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
    const keys = (await Promise.all(nodes.map((node) => node.keys(`*${config.prefix}*`)))).flat();
    const values = await Promise.all(keys.map((key) => readAny(redis, key)));
    return JSON.stringify([keys, values]);
  } finally {
    redis.disconnect();
  }
}

async function readAny(redis: RedisClient, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case "string":
      return await redis.get(key);
    case "hash":
      return await redis.hgetall(key);
    case "list":
      return await redis.lrange(key, 0, -1);
    case "set":
      return await redis.smembers(key);
    case "zset":
      return await redis.zrange(key, "0", "-1");
    case "stream":
      return await redis.xrange(key, "-", "+");
    case "none":
      return null;
    default:
      throw new Error(`a key of type ${type} cannot be searched`);
  }
}
