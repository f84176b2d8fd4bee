/** Redis dies in the middle of a run, and comes back with all that it acknowledged. */
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { changeSchema } from "../../src/bulk/change.ts";
import { bulkOf } from "../engine/bulk/opened-run.ts";
import { openFaultRig, openPrivateRedis } from "../faults/rig.ts";

const CHANGE = changeSchema.parse({ assign_to: "grace@contoso.com", comment: "Closed: {displayName}" });
const INCIDENTS = 60;
const KILLED_AT = [10, 30];

it("a run goes on where it was after each time that Redis was killed, with every write made once", {
  timeout: 180_000,
}, async (context) => {
  const server = await openPrivateRedis(context);
  const rig = await openFaultRig(context, {
    redisUrl: server.url,
    env: { COMMENT_SETTLE: "2s", DEFENDER_INCIDENT_LIMITS: "20/1s" },
    settings: { quotas: { incidents: null, hunting: null } },
  });
  await rig.simulator.reset(INCIDENTS + 40);
  const redis = new Redis(rig.redisUrl, { maxRetriesPerRequest: null });
  // That it is away is what this is about.
  redis.on("error", () => undefined);
  context.onTestFinished(() => redis.disconnect());
  const { runOn, until, balance, queues } = bulkOf({ redis, prefix: rig.prefix });
  context.onTestFinished(() => queues.close());
  const all = (await rig.simulator.incidents()).filter(({ redirectIncidentId }) => !redirectIncidentId);
  const ids = all.slice(0, INCIDENTS).map(({ id }) => String(id));
  await runOn(ids, { change: CHANGE });
  await rig.startWorker();
  for (const changed of KILLED_AT) {
    const { state } = await until("r1", ({ counts }) => counts.changed >= changed);
    expect(state).toBe("running");
    await server.kill();
    await server.restart();
  }
  const run = await until("r1", ({ state }) => state === "done", 100_000);
  expect(run.counts).toMatchObject({ selected: ids.length, changed: ids.length, waiting: 0, in_hand: 0 });
  const once = Object.fromEntries(ids.map((id) => [id, 1]));
  expect(await rig.simulator.countEffects()).toEqual({ patch: once, comment: once });
  await balance();
});
