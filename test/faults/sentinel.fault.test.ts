/** Workers behind Redis Sentinel go on at the new primary, by themselves, and what was lost with the old one is asked for again. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { check } from "./checker.ts";
import { allConsume, answerQueries } from "./consuming.ts";
import { allOver } from "./jobs.ts";
import { Load } from "./load.ts";
import { CONSUME_WITHIN_MS, EXPLAINED } from "./outages.ts";
import { openFaultRig } from "./rig.ts";
import { isPrimary, openWatched } from "./sentinel.ts";

/** Longer than BullMQ waits for a job on its blocking connection, and gives that up. */
const ALL_AWAY_MS = 30_000;
/** Acknowledged by the primary while its replica hears nothing; in less time than Sentinels call it down. */
const UNHEARD = 20;

describe.concurrent("behind Sentinels", { timeout: 240_000 }, () => {
  it("workers go on after the primary was killed under load; what was lost is there after asking again with the same keys, and each comment is made once", async (context) => {
    const { primary, replica, rig: place } = await openWatched(context);
    const rig = await openFaultRig(context, { ...place, env: { COMMENT_SETTLE: "2s" } });
    await answerQueries(rig);
    const workers = await Promise.all([rig.startWorker(), rig.startWorker()]);
    await allConsume(rig, workers, CONSUME_WITHIN_MS);
    const load = new Load(rig, { everyMs: 20 });
    await load.reached(60);

    // Frozen and cut off, so that it is as far behind as replication may be.
    replica.freeze();
    await primary.admin.call("CLIENT", "KILL", "TYPE", "replica");
    await load.reached(load.acknowledged.length + UNHEARD);
    await primary.kill();
    const acknowledged = load.acknowledged.map(({ job }) => job);
    const killedAtMs = performance.now();
    replica.thaw();
    await isPrimary(replica);
    const promotedAfterMs = performance.now() - killedAtMs;
    // The client has found it too.
    await load.reached(load.acknowledged.length + 1);
    const tookMs = await allConsume(rig, workers, CONSUME_WITHIN_MS);

    const known = await Promise.all(acknowledged.map((job) => rig.client.result(job)));
    const survivors = acknowledged.filter((_, index) => known[index] !== null);
    const lost = acknowledged.length - survivors.length;
    console.log(
      `Sentinel: new primary after ${Math.round(promotedAfterMs)} ms, all consume ${Math.round(tookMs)} ms later; lost ${lost} of ${acknowledged.length}`,
    );
    // Else this test would prove nothing of what is lost.
    expect(lost).toBeGreaterThan(0);
    expect(survivors.length).toBeGreaterThan(0);
    await load.stop();
    // The last records that arrived at the replica may have come without their jobs.
    await load.askAgain();
    await allOver(rig, rig.accepted, 60_000);
    await check(rig, { events: EXPLAINED });
  });

  it("workers consume again within 30 s, without a restart, after primary and Sentinels were all away for 30 s", async (context) => {
    const { primary, sentinels, rig: place } = await openWatched(context);
    const rig = await openFaultRig(context, { ...place, env: { COMMENT_SETTLE: "2s" } });
    await answerQueries(rig);
    const workers = await Promise.all([rig.startWorker(), rig.startWorker()]);
    await allConsume(rig, workers, CONSUME_WITHIN_MS);
    const load = new Load(rig);
    await load.reached(20);
    await Promise.all(sentinels.map((sentinel) => sentinel.kill()));
    await primary.kill();
    await sleep(ALL_AWAY_MS);
    // Not the replica's turn: Sentinels do not promote one that has been without its primary for so long.
    await primary.restart();
    await Promise.all(sentinels.map((sentinel) => sentinel.restart()));
    await load.reached(load.acknowledged.length + 1);
    const tookMs = await allConsume(rig, workers, CONSUME_WITHIN_MS);
    console.log(`Sentinel, all away for 30 s: ${Math.round(tookMs)} ms`);
    await load.stop();
    await load.askAgain();
    await allOver(rig, rig.accepted, 60_000);
    await check(rig, { events: EXPLAINED });
  });
});
