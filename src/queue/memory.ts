/** The memory of Redis. */
import { Cluster } from "ioredis";
import type { RedisClient } from "../redis-script.ts";

/** In bytes, of all nodes together; `max` is 0 without a limit, and where a service does not tell it. */
export interface Memory {
  used: number;
  max: number;
}

export async function readMemory(redis: RedisClient): Promise<Memory> {
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  const texts = await Promise.all(nodes.map((node) => node.info("memory")));
  const sum = (field: RegExp): number =>
    texts.reduce((total, text) => total + Number(field.exec(text)?.[1] ?? 0), 0);
  return { used: sum(/^used_memory:(\d+)/m), max: sum(/^maxmemory:(\d+)/m) };
}
