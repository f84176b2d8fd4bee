/** Kills of Redis under load, with every write on disk before it is acknowledged. */
import { expect, type TestContext } from "vitest";
import { check } from "./checker.ts";
import { allOver } from "./jobs.ts";
import { Load } from "./load.ts";
import { EXPLAINED } from "./outages.ts";
import { openFaultRig, openPrivateRedis } from "./rig.ts";

/** Acknowledged between one kill and the next. */
const BETWEEN = 40;

/** Asserts that all that was acknowledged is there after every kill, and is done in the end, once. */
export async function surviveKills(
  context: Pick<TestContext, "onTestFinished">,
  kills: number,
): Promise<void> {
  const redis = await openPrivateRedis(context, { appendfsync: "always" });
  const rig = await openFaultRig(context, { redisUrl: redis.url, env: { COMMENT_SETTLE: "2s" } });
  await Promise.all([rig.startWorker(), rig.startWorker()]);
  const load = new Load(rig, { everyMs: 20 });
  for (let kill = 1; kill <= kills; kill += 1) {
    await load.reached(kill * BETWEEN);
    await redis.kill();
    const acknowledged = load.acknowledged.map(({ job }) => job);
    await redis.restart();
    const known = await Promise.all(acknowledged.map((job) => rig.client.result(job)));
    expect(known).not.toContain(null);
  }
  await load.reached((kills + 1) * BETWEEN);
  await load.stop();
  // Before anything is asked for again: what was acknowledged gets done without.
  await allOver(
    rig,
    load.acknowledged.map(({ job }) => job),
    60_000,
  );
  await load.askAgain();
  await allOver(rig, rig.accepted, 60_000);
  await check(rig, { events: EXPLAINED });
}
