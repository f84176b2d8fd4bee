/** Ways in which Redis can be away, and two workers that must come back from each. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import type { RedisProxy } from "../support/redis-proxy.ts";
import { check } from "./checker.ts";
import { allConsume, answerQueries } from "./consuming.ts";
import { allOver } from "./jobs.ts";
import { Load } from "./load.ts";
import type { PrivateRedis } from "./private-redis.ts";
import { openFaultRig, openPrivateRedis, openProxy } from "./rig.ts";

export const OUTAGES = ["killed", "refusing", "frozen", "half-open"] as const;
export type Outage = (typeof OUTAGES)[number];

export const CONSUME_WITHIN_MS = 30_000;

/** What workers say of a Redis that is away, and of a job whose lock ran out meanwhile. */
export const EXPLAINED = [
  "redis.error",
  "worker.error",
  "gate.warning",
  "audit.lost",
  "job.interrupted",
  "job.stalled",
];

/** Resolves once Redis can be had again. */
async function takeAway(kind: Outage, redis: PrivateRedis, proxy: RedisProxy, ms: number): Promise<void> {
  switch (kind) {
    case "killed":
      await redis.kill();
      await sleep(ms);
      await redis.restart();
      return;
    case "refusing":
      proxy.refuse();
      await sleep(ms);
      proxy.heal();
      return;
    case "frozen":
      redis.freeze();
      await sleep(ms);
      redis.thaw();
      return;
    case "half-open": {
      // As behind a firewall that has forgotten them: they stay silent for ever, and only new connections work.
      const forgotten = new Set(proxy.connections());
      proxy.goDeaf((connection) => forgotten.has(connection));
      await sleep(ms);
      return;
    }
  }
}

/**
 * Two workers on a Redis of their own that is away for a while; gives how long after it both consumed on every queue. Asserts
 * that no worker ended, that nothing acknowledged was lost, and everything that a checker asks for.
 */
export async function surviveOutage(
  context: Pick<TestContext, "onTestFinished">,
  { kind, ms, isBusy }: { kind: Outage; ms: number; isBusy: boolean },
): Promise<number> {
  const redis = await openPrivateRedis(context);
  const proxy = await openProxy(context, redis.url);
  // Only the workers go through the proxy: what is measured is theirs.
  const rig = await openFaultRig(context, {
    redisUrl: redis.url,
    env: { REDIS_URL: proxy.url, COMMENT_SETTLE: "2s" },
  });
  await answerQueries(rig);
  const workers = await Promise.all([rig.startWorker(), rig.startWorker()]);
  await allConsume(rig, workers, CONSUME_WITHIN_MS);

  const load = isBusy ? new Load(rig) : null;
  await load?.reached(20);
  await takeAway(kind, redis, proxy, ms);
  const tookMs = await allConsume(rig, workers, CONSUME_WITHIN_MS);
  await load?.stop();
  await load?.askAgain();
  await allOver(rig, rig.accepted, 60_000);
  await check(rig, { events: EXPLAINED });
  // A Redis that paused, or was killed behind the proxy and soon back, may give no error; what the proxy does must.
  if (kind === "refusing" || kind === "half-open")
    for (const { log } of workers) expect(log.some((line) => line.includes("redis.error"))).toBe(true);
  return tookMs;
}
