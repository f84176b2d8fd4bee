/** A worker that was frozen past its lock can neither send nor write once it goes on: another one has its job. */
import { describe, expect, it } from "vitest";
import { check } from "./checker.ts";
import { openFaultRig } from "./rig.ts";

/** How the late run may end. */
const ENDS = ["job.taken", "job.completed", "job.handed-back", "job.interrupted"];
/** It finds its lock gone. */
const EVENTS = ["job.stalled", "worker.error"];

describe.concurrent("a worker that wakes up after its job was done by another", { timeout: 90_000 }, () => {
  it.for([
    ["before its last look, sends no second comment", "before-note"],
    ["with its own outcome in hand, does not overwrite the result", "before-result"],
  ] as const)("%s", async ([, point], context) => {
    const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: "1s" } });
    const zombie = await rig.startWorker({ FAULT_POINT: point, FAULT_SIGNAL: "SIGSTOP" });
    const job = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" });
    await zombie.frozen();
    await rig.startWorker();
    await rig.finish(job);

    zombie.send("SIGCONT");
    await zombie.event(...ENDS);

    const { jobs } = await check(rig, { events: EVENTS });
    expect(jobs).toMatchObject([{ result: { status: "completed", attempts: 1 } }]);
  });
});
