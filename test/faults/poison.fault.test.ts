/** A job that ends its worker: given up after six of them, and not before. */
import { describe, expect, it, type TestContext } from "vitest";
import { MOST_STALLS } from "../../src/queue/options.ts";
import type { Rig } from "../support/rig.ts";
import { check } from "./checker.ts";
import { openFaultRig } from "./rig.ts";

/** A worker that dies whenever it is about to write, as often as this. */
async function killWorkers(rig: Rig, count: number): Promise<void> {
  for (let killed = 0; killed < count; killed += 1) {
    const worker = await rig.startWorker({ FAULT_POINT: "before-note" });
    expect(await worker.ended).toBeNull();
  }
}

async function openPoisoned(context: TestContext) {
  const rig = await openFaultRig(context);
  const poison = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" });
  return { rig, poison };
}

describe.concurrent("a job that kills its worker", () => {
  it("is given up after six of them, as internal_error, and what comes after it is done", async (context) => {
    const { rig, poison } = await openPoisoned(context);
    await killWorkers(rig, MOST_STALLS + 1);
    const next = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "as well" });
    await rig.startWorker();
    expect(await rig.finish(poison)).toMatchObject({ status: "failed", error: { code: "internal_error" } });
    expect(await rig.finish(next)).toMatchObject({ status: "completed" });
    await check(rig, { failures: ["internal_error"], events: ["job.stalled"] });
  });

  it("is not given up after three: a fourth worker does it", async (context) => {
    const { rig, poison } = await openPoisoned(context);
    await killWorkers(rig, 3);
    await rig.startWorker();
    expect(await rig.finish(poison)).toMatchObject({ status: "completed", attempts: 1 });
    await check(rig, { events: ["job.stalled"] });
  });
});
