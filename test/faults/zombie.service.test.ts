/** A worker that was frozen past its lock can neither send nor write once it goes on: another one has its job. */
import { describe, expect, it } from "vitest";
import { check } from "./checker.ts";
import { openFaultRig } from "./rig.ts";

const COMMENT = { incident_id: 29, comment: "contained" };
/** What a frozen worker finds when it goes on: its lock is gone. */
/** How its own run of the job may end. */
const ENDS = ["job.taken", "job.completed", "job.handed-back", "job.interrupted"];
const EVENTS = ["job.stalled", "worker.error"];

describe.concurrent("a worker that wakes up after its job was done by another", { timeout: 90_000 }, () => {
  it("before its last look, sends no second comment", async (context) => {
    const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: "1s" } });
    const zombie = await rig.startWorker({ FAULT_POINT: "before-note", FAULT_SIGNAL: "SIGSTOP" });
    const job = await rig.accept("add_comment_to_incident", COMMENT);
    await zombie.frozen();
    await rig.startWorker();
    await rig.finish(job);

    zombie.send("SIGCONT");
    await zombie.event(...ENDS);

    const { jobs } = await check(rig, { events: EVENTS });
    expect(jobs).toMatchObject([{ result: { status: "completed", attempts: 1 } }]);
  });

  it("with its own outcome in hand, does not overwrite the result", async (context) => {
    const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: "1s" } });
    const zombie = await rig.startWorker({ FAULT_POINT: "before-result", FAULT_SIGNAL: "SIGSTOP" });
    const job = await rig.accept("add_comment_to_incident", COMMENT);
    await zombie.frozen();
    await rig.startWorker();
    await rig.finish(job);

    zombie.send("SIGCONT");
    await zombie.event(...ENDS);

    await check(rig, { events: EVENTS });
  });
});
