/** Bugs that BullMQ has had (`taskforcesh/bullmq`), each by its number: an upgrade that brings one back is caught here. */
import { describe, expect, it, type TestContext } from "vitest";
import { connectWorker } from "../../src/queue/connection.ts";
import { loggedBy } from "./arrivals.ts";
import { check } from "./checker.ts";
import { allConsume, answerQueries } from "./consuming.ts";
import { allOver, assign, times, waitsFor } from "./jobs.ts";
import { CONSUME_WITHIN_MS, EXPLAINED, surviveOutage } from "./outages.ts";
import { openFaultRig, openPrivateRedis, openProxy, openQueues } from "./rig.ts";

/** Longer than a worker waits for a job before it looks by itself. */
const LONG_OUTAGE_MS = 12_000;

/** Two workers behind a proxy, of which both have shown that they consume. */
async function openProxied(context: TestContext) {
  const redis = await openPrivateRedis(context);
  const proxy = await openProxy(context, redis.url);
  const rig = await openFaultRig(context, { redisUrl: redis.url, env: { REDIS_URL: proxy.url } });
  await answerQueries(rig);
  const workers = await Promise.all([rig.startWorker(), rig.startWorker()]);
  await allConsume(rig, workers, CONSUME_WITHIN_MS);
  return { redis, proxy, rig, workers };
}

describe.concurrent("does not come back:", () => {
  it("#4585, workers that never consume again after an outage longer than they wait for a job", async (context) => {
    await surviveOutage(context, { kind: "killed", ms: LONG_OUTAGE_MS, isBusy: false });
  });

  it("#4479, workers that are silent after a reset of their connections until the next job is added", async (context) => {
    const { proxy, rig } = await openProxied(context);
    proxy.refuse();
    const jobs = await rig.acceptMany(times(4, (index) => assign(32 + index, `while-away-${index}`)));
    proxy.heal();
    // Nothing is added any more: they must find what is there.
    await allOver(rig, jobs, CONSUME_WITHIN_MS);
    expect(loggedBy(rig, "redis.error")).not.toEqual([]);
    await check(rig, { events: EXPLAINED });
  });

  it("#4311, an id that stays taken after its job was removed, so that a repeat is never run", async (context) => {
    const rig = await openFaultRig(context);
    const ask = () =>
      rig.accept(
        "update_incident",
        { incident_id: 32, assign_to: "ada@contoso.com" },
        { idempotencyKey: "k" },
      );
    const { jobId } = await ask();
    const queues = openQueues(context, rig);
    expect(await queues.get("defender-default-incidents").remove(`${jobId}-1`)).toBe(1);
    await rig.startWorker();
    await rig.finish(await ask());
    await check(rig);
  });

  it("#4311, an id that stays taken by a finished job whose result has expired, so that a repeat is never run", async (context) => {
    const rig = await openFaultRig(context);
    const redis = connectWorker(rig.redis);
    context.onTestFinished(() => redis.disconnect());
    await rig.startWorker();
    const job = await rig.accept("ping", {}, { idempotencyKey: "k" });
    await rig.finish(job);
    // Until BullMQ has heard of its end too.
    await check(rig);
    expect(await redis.del(await redis.keys(`${rig.prefix}:{case-*`))).toBeGreaterThan(0);
    await rig.accept("ping", {}, { idempotencyKey: "k" });
    await rig.finish(job);
    await check(rig);
  });

  it("#2466 and #3185, delayed jobs that are never due after the connections were reset", async (context) => {
    const { proxy, rig } = await openProxied(context);
    const match = { method: "GET", path: "/incidents/3[2-7]$" };
    await rig.simulator.addFault({ match, times: null, fault: { status: 503 } });
    const jobs = await rig.acceptMany(times(6, (index) => assign(32 + index, `delayed-${index}`)));
    await Promise.all(jobs.map((job) => waitsFor(rig, job, "retry")));
    proxy.cut();
    await rig.simulator.clearFaults();
    const results = await allOver(rig, jobs, 120_000);
    for (const { attempts } of results) expect(attempts).toBeGreaterThan(1);
    await check(rig, { events: EXPLAINED });
  });

  it("#2714, a worker that cannot be stopped, or says more than one sentence, while Redis is away", async (context) => {
    const { redis, rig, workers } = await openProxied(context);
    await redis.kill();
    const codes = await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
    expect(codes).toEqual([0, 0]);
    for (const { log } of workers) for (const line of log) expect(() => JSON.parse(line), line).not.toThrow();
    await redis.restart();
    await check(rig, { events: [...EXPLAINED, "worker.late"] });
  });
});
