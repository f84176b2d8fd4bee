/** Refuses a Redis that evicts: it would drop jobs, notes of writes and results when memory is short. */
import { Cluster } from "ioredis";
import { Failure } from "../contract/failure.ts";
import type { RedisClient } from "../redis-script.ts";

/** Throws `invalid_input` unless every node keeps what it was given; a service that does not tell its policy is believed. */
export async function refuseEviction(redis: RedisClient): Promise<void> {
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  const texts = await Promise.all(nodes.map((node) => node.info("memory")));
  const policies = texts.map((text) => /^maxmemory_policy:(\S+)/m.exec(text)?.[1]);
  const evicting = policies.find((policy) => policy !== undefined && policy !== "noeviction");
  if (evicting === undefined) return;
  throw new Failure("invalid_input", `maxmemory-policy of Redis: given ${evicting}; allowed: noeviction`, {
    hint: "Any other policy drops jobs and results when memory is short. Set it in the configuration of Redis, with enough maxmemory.",
  });
}
