/** Many kills of a Redis that syncs every write, and power cuts of one that syncs every second. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { check } from "./checker.ts";
import { allOver } from "./jobs.ts";
import { surviveKills } from "./kills.ts";
import { Load } from "./load.ts";
import { EXPLAINED } from "./outages.ts";
import { openFaultRig, openPrivateRedis } from "./rig.ts";

/** What the system had not synced when the power went; Redis asks it to every second. */
const UNSYNCED_MS = 1_000;
const LOOK_EVERY_MS = 20;

describe.concurrent("Redis under load", () => {
  it("loses no acknowledged job in ten kills (appendfsync always), and each is done once", async (context) => {
    await surviveKills(context, 10);
  });

  it("loses at most what was acknowledged in the last second before a power cut (appendfsync everysec), and asking again with the same keys makes it whole, one comment each", async (context) => {
    const redis = await openPrivateRedis(context, { appendfsync: "everysec" });
    const rig = await openFaultRig(context, { redisUrl: redis.url, env: { COMMENT_SETTLE: "2s" } });
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const load = new Load(rig, { everyMs: 20 });
    await load.reached(60);
    const syncedAtMs = Date.now();
    const syncedBytes = await redis.logBytes();
    while (Date.now() - syncedAtMs < UNSYNCED_MS) await sleep(LOOK_EVERY_MS);
    await redis.kill();
    const acknowledged = [...load.acknowledged];
    await redis.loseLogAfter(syncedBytes);
    await redis.restart();
    const known = await Promise.all(acknowledged.map(({ job }) => rig.client.result(job)));
    const lost = acknowledged.filter((_, index) => known[index] === null);
    console.log(`lost ${lost.length} of ${acknowledged.length}, all acknowledged in the last second`);
    expect(lost.filter(({ atMs }) => atMs < syncedAtMs)).toEqual([]);
    // Else this test would prove nothing.
    expect(lost.length).toBeGreaterThan(0);

    await load.reached(acknowledged.length + 40);
    await load.stop();
    await load.askAgain();
    await allOver(rig, rig.accepted, 60_000);
    await check(rig, { events: EXPLAINED });
  });
});
