/** The gate finds its way back by itself when Redis forgets its state, and when a worker was frozen. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import type { Rig } from "../support/rig.ts";
import { check } from "./checker.ts";
import { allOver, comment, times } from "./jobs.ts";
import { EXPLAINED } from "./outages.ts";
import type { PrivateRedis } from "./private-redis.ts";
import { openFaultRig, openPrivateRedis } from "./rig.ts";
import type { Allowance } from "./violations.ts";

/** The simulator's own quota, so that a call too many is refused there as well. */
const LIMIT = { lane: "incidents", calls: 20, windowMs: 3_000 } as const;
/** Calls that take their slots before every worker has put back what it holds: at most one window's worth. */
const ONE_WINDOW_TOO_MANY = { limits: [{ ...LIMIT, calls: 2 * LIMIT.calls }], rejected: LIMIT.calls };
const ENV = { DEFENDER_INCIDENT_LIMITS: "20/3s", COMMENT_SETTLE: "2s", WORKER_CONCURRENCY: "2" };
const QUOTA = { quotas: { incidents: "20/3s", hunting: null } };
const FROZEN_MS = 15_000;
/** A comment takes two calls, so these fill several windows. */
const COMMENTS = 40;

async function ask(rig: Rig): Promise<void> {
  for (let number = 0; number < COMMENTS; number += 1) {
    const input = { incident_id: 32 + (number % 24), comment: `asked for as number ${number}` };
    await rig.accept("add_comment_to_incident", input, { idempotencyKey: `flush-${number}` });
  }
}

/** Two workers on a Redis of their own that hold slots when it happens. */
async function openHolding(context: TestContext): Promise<{ redis: PrivateRedis; rig: Rig }> {
  const redis = await openPrivateRedis(context);
  const rig = await openFaultRig(context, { redisUrl: redis.url, env: ENV, settings: QUOTA });
  await Promise.all([rig.startWorker(), rig.startWorker()]);
  await ask(rig);
  await rig.simulator.arrivals("POST .*/comments$", 12);
  return { redis, rig };
}

async function finish(rig: Rig, allowance: Allowance = { limits: [LIMIT] }): Promise<void> {
  await allOver(rig, rig.accepted, 60_000);
  await check(rig, { ...allowance, events: EXPLAINED });
  for (const worker of rig.workers)
    expect(worker.log.filter((line) => line.includes('"worker.ready"'))).toHaveLength(1);
}

async function forgetSlots(redis: PrivateRedis): Promise<void> {
  const keys = await redis.admin.keys("b_*");
  expect(keys.length).toBeGreaterThan(0);
  await redis.admin.del(keys);
}

describe.concurrent("the gate recovers alone, and no worker is restarted,", {
  timeout: 150_000,
}, () => {
  it("at most one window over the quota, when Redis forgets everything while slots are held; asking again makes it whole, one comment each", async (context) => {
    const { redis, rig } = await openHolding(context);
    await redis.flush();
    await ask(rig);
    await finish(rig, ONE_WINDOW_TOO_MANY);
  });

  it("without a call too many, when Redis forgets the slots alone", async (context) => {
    const { redis, rig } = await openHolding(context);
    await forgetSlots(redis);
    await rig.simulator.arrivals("POST .*/comments$", 24);
    await forgetSlots(redis);
    await finish(rig);
  });

  it("without a call too many, when a worker that holds slots is frozen for 15 s", async (context) => {
    const rig = await openFaultRig(context, { env: ENV, settings: QUOTA });
    const [frozen] = await Promise.all([rig.startWorker(), rig.startWorker()]);
    await ask(rig);
    await rig.simulator.arrivals("POST .*/comments$", 12);
    frozen.send("SIGSTOP");
    await sleep(FROZEN_MS);
    frozen.send("SIGCONT");
    await rig.acceptMany(
      times(2 * COMMENTS, (number) => comment(32 + (number % 24), `after the frost, number ${number}`)),
    );
    await finish(rig);
    expect(frozen.log.filter((line) => line.includes('"job.completed"')).length).toBeGreaterThan(12);
  });
});
