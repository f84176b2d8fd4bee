/** A Redis whose memory is full: producers are told, workers neither lose nor repeat, and all goes on once there is room. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { runBin } from "../cli/bin.ts";
import { APP } from "../support/variables.ts";
import { check } from "./checker.ts";
import { allOver } from "./jobs.ts";
import { Load } from "./load.ts";
import { EXPLAINED } from "./outages.ts";
import { openFaultRig, openPrivateRedis } from "./rig.ts";

const FULL_FOR_MS = 5_000;
const TOLD_WITHIN_MS = 5_000;
const RECOVERED_WITHIN_MS = 60_000;
/** Of a worker while Redis is full: each kind of error is logged once in ten seconds, and each interrupted run once. */
const MOST_LINES = 60;

describe.concurrent("a Redis without memory", { timeout: 150_000 }, () => {
  it("is survived: producers are told in a sentence, nothing is evicted, lost or repeated, and workers recover alone", async (context) => {
    const redis = await openPrivateRedis(context);
    const rig = await openFaultRig(context, { redisUrl: redis.url, env: { COMMENT_SETTLE: "2s" } });
    const worker = await rig.startWorker({ LOG_LEVEL: "info" });
    const load = new Load(rig);
    await load.reached(20);

    await redis.fill();
    const linesBefore = worker.log.length;
    const startMs = performance.now();
    await expect(rig.accept("ping", {})).rejects.toThrow(/OOM/);
    expect(performance.now() - startMs).toBeLessThan(TOLD_WITHIN_MS);
    const env = { REDIS_URL: redis.url, QUEUE_PREFIX: rig.prefix };
    const told = await runBin(
      ["enqueue", "ping", "--input", '{"case_id":"4711","alert_group_identifiers":[]}'],
      env,
    );
    expect(told).toMatchObject({ code: 3, out: "" });
    expect(told.err).toMatch(/^error: Redis at 127\.0\.0\.1:\d+ takes no writes: OOM .*\n.*maxmemory.*\n$/);
    await sleep(FULL_FOR_MS);
    const lines = worker.log.slice(linesBefore).filter((line) => !line.includes('"job.completed"'));
    expect(lines.length).toBeLessThan(MOST_LINES);

    await redis.drain();
    const drainedMs = performance.now();
    const before = load.acknowledged.length;
    await load.reached(before + 10);
    await load.stop();
    await allOver(rig, rig.accepted, RECOVERED_WITHIN_MS);
    expect(performance.now() - drainedMs).toBeLessThan(RECOVERED_WITHIN_MS);
    await load.askAgain();
    await allOver(rig, rig.accepted, 30_000);
    expect(await redis.admin.info("stats")).toContain("evicted_keys:0\r\n");
    await check(rig, { events: EXPLAINED });
  });

  it("that would evict is refused at the start in one sentence", async (context) => {
    const redis = await openPrivateRedis(context, { settings: { "maxmemory-policy": "allkeys-lru" } });
    const { code, out, err } = await runBin(["worker"], { ...APP, REDIS_URL: redis.url });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(
      /^error: maxmemory-policy of Redis: given allkeys-lru; allowed: noeviction\n[^\n]*\n$/,
    );
  });
});
