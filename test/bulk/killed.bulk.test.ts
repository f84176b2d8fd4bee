/** A worker that dies anywhere in the work on a run: no incident is written twice, none is forgotten, each comment is there once. */
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { changeSchema } from "../../src/bulk/change.ts";
import type { FaultPoint } from "../../src/fault-point.ts";
import { bulkOf } from "../engine/bulk/opened-run.ts";
import { openFaultRig } from "../faults/rig.ts";

const POINTS: readonly FaultPoint[] = [
  "before-note",
  "after-note",
  "after-send",
  "after-answer",
  "before-result",
  "after-result",
  "before-ack",
];
const CHANGE = changeSchema.parse({ assign_to: "grace@contoso.com", comment: "Closed: {displayName}" });

describe.concurrent("a run whose worker dies", { timeout: 150_000 }, () => {
  it.for(POINTS)("%s is finished by the next one, with every write made once", async (point, context) => {
    const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: "2s" } });
    const redis = new Redis(rig.redisUrl, { maxRetriesPerRequest: null });
    context.onTestFinished(() => redis.disconnect());
    const { runOn, until, outcomes, balance, queues } = bulkOf({ redis, prefix: rig.prefix });
    context.onTestFinished(() => queues.close());
    const all = (await rig.simulator.incidents()).filter(({ redirectIncidentId }) => !redirectIncidentId);
    const ids = all.slice(0, 25).map(({ id }) => String(id));
    await runOn(ids, { change: CHANGE });
    const doomed = await rig.startWorker({ FAULT_POINT: point });
    expect(await doomed.ended).toBeNull();
    await rig.startWorker();
    const run = await until("r1", ({ state }) => state === "done", 100_000);
    expect(run.counts).toMatchObject({ selected: ids.length, changed: ids.length, waiting: 0, in_hand: 0 });
    const once = Object.fromEntries(ids.map((id) => [id, 1]));
    expect(await rig.simulator.countEffects()).toEqual({ patch: once, comment: once });
    const found = await outcomes();
    expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort());
    for (const { id, before } of found) {
      const was = all.find((incident) => incident["id"] === id);
      expect(before).toEqual({ assignedTo: was?.["assignedTo"] ?? null });
    }
    await balance();
  });
});
