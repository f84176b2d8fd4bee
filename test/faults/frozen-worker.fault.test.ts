/** A worker that is frozen until another has done its job, as by a paused machine, may write nothing any more when it goes on. */
import { describe, expect, it } from "vitest";
import type { FaultPoint } from "../../src/fault-point.ts";
import { check } from "./checker.ts";
import { openFaultRig } from "./rig.ts";

/** Where it is frozen, and what it says of its job once it goes on. */
const POINTS: readonly (readonly [FaultPoint, string])[] = [
  ["before-note", "job.taken"],
  ["after-note", "job.taken"],
  ["after-answer", "job.taken"],
  ["before-result", "job.taken"],
  ["after-result", "job.completed"],
  ["before-ack", "job.completed"],
];
/** However its late run may end, were it not for the fences. */
const ENDS = ["job.taken", "job.completed", "job.handed-back", "job.interrupted"];
/** It finds its lock gone, and its connections older than it knows. */
const EVENTS = ["job.stalled", "worker.error", "redis.error", "gate.warning"];

// As one whose event loop is blocked: it cannot renew its locks (bullmq #3183).
describe.concurrent("a worker frozen past its lock changes nothing after another has finished its job", {
  timeout: 120_000,
}, () => {
  it.for(POINTS)("when frozen %s", async ([point, event], context) => {
    const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: "2s" } });
    const zombie = await rig.startWorker({ FAULT_POINT: point, FAULT_SIGNAL: "SIGSTOP" });
    const job = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" });
    await zombie.frozen();
    const heir = await rig.startWorker();
    await heir.event("job.stalled");
    await rig.finish(job);
    const before = await check(rig, { events: ["job.stalled"] });

    zombie.send("SIGCONT");
    const end = await zombie.event(...ENDS);
    // Done in order behind whatever it still tries to write.
    expect(await zombie.kill("SIGTERM")).toBe(0);

    const after = await check(rig, { events: EVENTS });
    expect(end).toMatchObject({ event, job_id: job.jobId });
    expect(after.ledger.effects).toEqual(before.ledger.effects);
    expect(after.jobs).toMatchObject([{ result: { status: "completed", is_success: true } }]);
  });
});
