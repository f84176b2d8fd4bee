/** A worker that dies at any named point of a write loses nothing, does nothing twice and tells of it; its job is picked up within 30 s. */
import { describe, expect, it } from "vitest";
import type { ActionName } from "../../producers/client.ts";
import { openReceiver } from "../support/webhook-receiver.ts";
import { check } from "./checker.ts";
import { WORKER_POINTS } from "./points.ts";
import { openFaultRig } from "./rig.ts";

const WRITES: readonly (readonly [ActionName, object])[] = [
  ["add_comment_to_incident", { incident_id: 29, comment: "contained" }],
  ["update_incident", { incident_id: 29, status: "Resolved", assign_to: "ada@contoso.com" }],
];
const SETTLE_MS = 2_000;
/** Of a killed worker's job; a comment with an open note may also wait for its settle time. */
const PICKED_UP_WITHIN_MS = 30_000;

describe.concurrent.each(WRITES)("%s", { timeout: 90_000 }, (action, input) => {
  it.for(WORKER_POINTS)("is done once when its worker dies %s", async (point, context) => {
    const receiver = await openReceiver(undefined, 0, context);
    const rig = await openFaultRig(context, {
      env: { COMMENT_SETTLE: `${SETTLE_MS}ms`, RESULT_WEBHOOK_URL: receiver.url },
    });
    const doomed = await rig.startWorker({ FAULT_POINT: point });
    const job = await rig.accept(action, input);
    expect(await doomed.ended).toBeNull();
    const killedAtMs = performance.now();
    await rig.startWorker();
    await rig.finish(job);

    expect(performance.now() - killedAtMs).toBeLessThan(PICKED_UP_WITHIN_MS + SETTLE_MS);
    const [told] = await receiver.first(1);
    expect(told?.notice).toMatchObject({ job_id: job.jobId, status: "completed", is_success: true });
    const { jobs } = await check(rig, { events: ["job.stalled"] });
    expect(jobs).toMatchObject([{ result: { status: "completed", is_success: true, attempts: 1 } }]);
  });
});
