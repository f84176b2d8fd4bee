/** What others put on the queue: it fails at once and for good, stays visible, and blocks nothing. */
import type { Job as QueueJob } from "bullmq";
import { QueueEvents } from "bullmq";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { caseKeys } from "../../src/results/keys.ts";
import { openEngine } from "./running.ts";

const JOB = {
  v: 1,
  job_id: "foreign-1",
  case_id: "4711",
  action: "update_incident",
  instance: "default",
  priority: "interactive",
  generation: 1,
  input: { case_id: "4711", incident_id: "29", status: "Resolved" },
  enqueued_at: "2026-03-18T10:30:00.000Z",
  expires_at: "2100-01-01T00:00:00.000Z",
};

async function openForeign() {
  const engine = await openEngine();
  const { queue } = engine;
  const events = new QueueEvents(queue.name, {
    connection: { url: inject("redisUrl"), maxRetriesPerRequest: null },
    prefix: queue.opts.prefix ?? "",
  });
  onTestFinished(() => events.close());
  await events.waitUntilReady();
  return {
    ...engine,
    /** The reason with which the queue shows the job as failed. */
    async failure(job: QueueJob): Promise<string> {
      const reason: unknown = await job.waitUntilFinished(events).then(
        () => new Error("it completed"),
        (error: unknown) => error,
      );
      expect(await job.getState()).toBe("failed");
      return reason instanceof Error ? reason.message : String(reason);
    },
  };
}

describe("a foreign payload", () => {
  it.each<[string, string, unknown, string]>([
    [
      "is nothing of ours",
      "update_incident",
      { hello: 1 },
      "the payload is not a job of version 1; at fault: v",
    ],
    [
      "is no object",
      "update_incident",
      "close 29",
      "the payload is not a job of version 1; at fault: payload",
    ],
    ["is of another version", "update_incident", { ...JOB, v: 2 }, "at fault: v"],
    [
      "asks for an unknown action",
      "close_incident",
      { ...JOB, action: "close_incident" },
      'given "close_incident"; allowed',
    ],
    [
      "is named otherwise than it asks",
      "ping",
      JOB,
      'asks for "update_incident", but the job is named "ping"',
    ],
    [
      "has bad input",
      "update_incident",
      { ...JOB, input: { case_id: "4711", status: 1 } },
      "incident_id: missing; allowed",
    ],
  ])("that %s fails as invalid_input, stays, and the next job runs", async (_what, name, data, reason) => {
    const { queue, failure, update, startWorker, end, simulator } = await openForeign();
    const foreign = await queue.add(name, data);
    const next = await update(29, { status: "Active" });
    await startWorker();
    const message = await failure(foreign);
    expect(message).toMatch(/^invalid_input: /);
    expect(message).toContain(reason);
    expect(await end(next)).toMatchObject({ status: "completed" });
    expect(await queue.getFailedCount()).toBe(1);
    expect((await simulator.ledger()).effects).toHaveLength(1);
  });

  it("is found by its case when it says so much", async () => {
    const { queue, failure, client, startWorker } = await openForeign();
    const foreign = await queue.add(
      "update_incident",
      { case_id: 4711, note: "close it" },
      { jobId: "theirs" },
    );
    await startWorker();
    await failure(foreign);
    expect(await client.resultsForCase("4711")).toMatchObject([
      { job_id: "theirs", status: "failed", action: "update_incident", error: { code: "invalid_input" } },
    ]);
  });

  it("that names no case leaves no result anywhere", async () => {
    const { queue, failure, client, startWorker } = await openForeign();
    const foreign = await queue.add("update_incident", { job_id: "theirs" });
    await startWorker();
    await failure(foreign);
    for (const caseId of ["undefined", "null", ""]) expect(await client.resultsForCase(caseId)).toEqual([]);
  });

  it("of an action that only newer workers know ends the job's own result, in any generation", async () => {
    const { queue, failure, client, update, startWorker } = await openForeign();
    const job = await update(29, { status: "Resolved" }, { idempotencyKey: "k" });
    await client.cancel(job);
    await update(29, { status: "Resolved" }, { idempotencyKey: "k" });
    const queued = await queue.getJob(`${job.jobId}-2`);
    await queue.remove(`${job.jobId}-2`);
    const newer = { ...queued?.data, action: "split_incident" };
    const foreign = await queue.add("split_incident", newer, { jobId: `${job.jobId}-2` });
    await startWorker();
    await failure(foreign);
    expect(await client.result(job)).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
  });

  it("that is a job of ours with a record lost gets a new one, and runs", async () => {
    const { queue, startWorker, end, client, simulator } = await openForeign();
    await queue.add(JOB.action, JOB, { jobId: "foreign-1-1" });
    await startWorker();
    await simulator.effect("patch 29");
    for await (const result of client.followCase("4711")) if (result.status === "completed") break;
    expect(await end({ caseId: "4711", jobId: "foreign-1" })).toMatchObject({ is_success: true });
  });

  it("whose record was lost is still the same job to whoever repeats its key", async () => {
    const { queue, startWorker, update, end, client, effects, redis, prefix } = await openForeign();
    const job = await update(29, { status: "Resolved" }, { idempotencyKey: "k" });
    await redis.del(caseKeys(prefix, job.caseId).record(job.jobId));
    await startWorker();
    for await (const result of client.followCase("4711")) if (result.status === "completed") break;
    const again = await update(29, { status: "Resolved" }, { idempotencyKey: "k" });
    expect(again).toEqual({ ...job, deduplicated: true });
    expect(await end(again)).toMatchObject({ status: "completed" });
    expect(await effects()).toEqual(["patch 29"]);
    expect(await queue.getWaitingCount()).toBe(0);
  });
});
