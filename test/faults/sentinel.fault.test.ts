/** A failover may lose what was acknowledged last, for replication is asynchronous; asking again makes it whole, one comment each. */
import { expect, it } from "vitest";
import { check } from "./checker.ts";
import { allOver, comment, times } from "./jobs.ts";
import { EXPLAINED } from "./outages.ts";
import { openFaultRig } from "./rig.ts";
import { openTrio } from "./sentinel.ts";

const COMMENTS = 40;

it("workers go on with the new primary without a restart (bullmq #4378), and every comment is there once", {
  timeout: 180_000,
}, async (context) => {
  const trio = await openTrio(context);
  const redisUrl = `redis://${trio.sentinels.join(",")}`;
  const rig = await openFaultRig(context, {
    redisUrl,
    redisMode: "sentinel",
    redisSentinelName: trio.name,
    env: { COMMENT_SETTLE: "2s" },
  });
  const requests = times(COMMENTS, (index) =>
    comment(32 + (index % 20), `failover ${index}.`, { idempotencyKey: `failover-${index}` }),
  );
  await Promise.all([rig.startWorker(), rig.startWorker()]);
  await rig.acceptMany(requests.slice(0, COMMENTS / 2));
  await rig.simulator.arrivals("POST .*/comments$", 5);
  await trio.primary.kill();
  await trio.failedOver();

  await rig.acceptMany(requests);
  await allOver(rig, rig.accepted, 90_000);
  await check(rig, { events: EXPLAINED });
  for (const worker of rig.workers)
    expect(worker.log.filter((line) => line.includes('"worker.ready"'))).toHaveLength(1);
});
