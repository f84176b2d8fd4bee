/** Rigs and private Redis servers that end with the test. */
import { inject, type TestContext } from "vitest";
import { connectWorker } from "../../src/queue/connection.ts";
import { Queues } from "../../src/queue/queues.ts";
import { openRedisProxy, type RedisProxy } from "../support/redis-proxy.ts";
import type { RedisOptions } from "../support/redis-settings.ts";
import { openRig, type Rig, type RigOptions } from "../support/rig.ts";
import { PrivateRedis } from "./private-redis.ts";

/** Concurrent tests must be named: each is told when it ends. */
type Ending = Pick<TestContext, "onTestFinished">;

/** Looked for wherever it must not be. */
const CLIENT_SECRET = "canary~Secret.4f1d";
/** Above any real rate, so that only tests of quotas meet one. */
const WIDE = { DEFENDER_INCIDENT_LIMITS: "1000/1s", DEFENDER_HUNTING_LIMITS: "1000/1s" };

/** On the Redis that all tests share unless another is given; no quota unless the test sets one. */
export async function openFaultRig(
  { onTestFinished }: Ending,
  options: Partial<RigOptions> = {},
): Promise<Rig> {
  const rig = await openRig({
    redisUrl: inject("redisUrl"),
    clientSecret: CLIENT_SECRET,
    ...options,
    settings: { quotas: { incidents: null, hunting: null }, ...options.settings },
    env: { ...WIDE, ...options.env },
  });
  // Killed, for whatever a worker would still do in good order has been judged by then.
  onTestFinished(() => rig.close("SIGKILL"));
  return rig;
}

export async function openPrivateRedis(
  { onTestFinished }: Ending,
  options?: RedisOptions,
): Promise<PrivateRedis> {
  const redis = await PrivateRedis.start(options);
  onTestFinished(() => redis.close());
  return redis;
}

/** BullMQ's queues of a rig, to look into or to take something out of. */
export function openQueues({ onTestFinished }: Ending, { redis: config }: Rig): Queues {
  const redis = connectWorker(config);
  const queues = new Queues(redis, config);
  onTestFinished(async () => {
    await queues.close();
    redis.disconnect();
  });
  return queues;
}

export async function openProxy({ onTestFinished }: Ending, redisUrl: string): Promise<RedisProxy> {
  const proxy = await openRedisProxy(redisUrl);
  onTestFinished(proxy.close);
  return proxy;
}
