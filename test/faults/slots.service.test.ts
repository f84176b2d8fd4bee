/** The slots of a worker that died come back, or its lane would be shut for good. */
import { it } from "vitest";
import { check } from "./checker.ts";
import { openFaultRig } from "./rig.ts";

const LIMIT = { lane: "hunting", calls: 3, windowMs: 2_000 } as const;

it("a worker killed with every slot of its lane in hand leaves them to the others", {
  timeout: 150_000,
}, async (context) => {
  const rig = await openFaultRig(context, {
    env: { DEFENDER_HUNTING_LIMITS: `${LIMIT.calls}/${LIMIT.windowMs}ms` },
  });
  await rig.simulator.addFault({
    match: { path: "runHuntingQuery" },
    times: LIMIT.calls,
    fault: { hang: true },
  });
  const doomed = await rig.startWorker();
  for (let query = 0; query < LIMIT.calls; query += 1)
    await rig.accept("execute_custom_query", { query: `print query=${query}` });
  await rig.simulator.arrivals("POST .*runHuntingQuery", LIMIT.calls);
  await doomed.kill("SIGKILL");
  await rig.startWorker();

  await Promise.allSettled(rig.accepted.map((job) => rig.finish(job)));

  await check(rig, { limits: [LIMIT], events: ["job.stalled"] });
});
