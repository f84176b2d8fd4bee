/** Writes to one incident, in the order they were accepted, whatever becomes of those before them. */
import { describe, expect, it } from "vitest";
import { openEngine } from "./running.ts";

describe("writes to one incident", () => {
  it("run in the order they were accepted, although eight may run at once", async () => {
    const { client, simulator, startWorker, end } = await openEngine();
    const tags = ["one", "two", "three", "four", "five"];
    const jobs = await client.enqueueMany(
      tags.map((tag) => ({
        action: "update_incident" as const,
        input: { case_id: "4711", incident_id: 29, resolving_comment: tag },
      })),
    );
    await startWorker();
    const results = await Promise.all(jobs.map(end));
    expect(results.map(({ status, attempts }) => [status, attempts])).toEqual(
      tags.map(() => ["completed", 1]),
    );
    const { effects } = await simulator.ledger();
    expect(effects.map(({ what }) => what)).toEqual(tags.map((resolvingComment) => ({ resolvingComment })));
  });

  it("keep it over both priorities", async () => {
    const { update, startWorker, end, simulator } = await openEngine();
    const jobs = [
      await update(29, { status: "Resolved" }, { priority: "bulk" }),
      await update(29, { status: "Active" }),
      await update(29, { status: "In Progress" }, { priority: "bulk" }),
    ];
    await startWorker();
    await Promise.all(jobs.map(end));
    expect((await simulator.ledger()).effects.map(({ what }) => what)).toEqual([
      { status: "resolved" },
      { status: "active" },
      { status: "inProgress" },
    ]);
  });

  it("wait for a first one that is throttled and retried: the second one's values stay", async () => {
    const { update, startWorker, end, simulator } = await openEngine();
    await simulator.addFault({
      match: { method: "PATCH" },
      fault: { status: 429, headers: { "Retry-After": "1" } },
    });
    const first = await update(29, { status: "Resolved" });
    const second = await update(29, { status: "In Progress" });
    await startWorker();
    const results = await Promise.all([end(first), end(second)]);
    expect(results.map(({ status, attempts }) => [status, attempts])).toEqual([
      ["completed", 1],
      ["completed", 1],
    ]);
    expect((await simulator.ledger()).effects.map(({ what }) => what)).toEqual([
      { status: "resolved" },
      { status: "inProgress" },
    ]);
    expect(await simulator.incident("29")).toMatchObject({ status: "inProgress" });
  });

  it("pass over one that was removed from the queue, as on the board", async () => {
    const { update, startWorker, end, queue, effects } = await openEngine();
    const removed = await update(29, { status: "Resolved" });
    const next = await update(29, { status: "Active" });
    await queue.remove(`${removed.jobId}-1`);
    await startWorker();
    expect(await end(next)).toMatchObject({ status: "completed" });
    expect(await effects()).toEqual(["patch 29"]);
  });

  it("pass over one that was cancelled, and one that expired", async () => {
    const { client, update, startWorker, end, simulator } = await openEngine();
    const cancelled = await update(29, { status: "Resolved" });
    const expired = await update(29, { status: "Resolved" }, { expiresInMs: 1 });
    const next = await update(29, { status: "Active" });
    expect(await client.cancel(cancelled)).toEqual({ cancelled: true, sent: false });
    await startWorker();
    expect(await end(next)).toMatchObject({ status: "completed" });
    expect(await end(cancelled)).toMatchObject({ error: { code: "cancelled" } });
    expect(await end(expired)).toMatchObject({ error: { code: "expired" } });
    expect((await simulator.ledger()).effects.map(({ what }) => what)).toEqual([{ status: "active" }]);
  });

  it("pass over one that failed", async () => {
    const { update, startWorker, end, simulator } = await openEngine();
    await simulator.addFault({ match: { method: "PATCH" }, fault: { status: 400 } });
    const failing = await update(29, { status: "Resolved" });
    const next = await update(29, { status: "Active" });
    await startWorker();
    expect(await end(failing)).toMatchObject({ status: "failed" });
    expect(await end(next)).toMatchObject({ status: "completed" });
  });

  it("hold no worker slot while they wait, and hold back no other incident", async () => {
    const { client, update, startWorker, end, simulator } = await openEngine({
      WORKER_CONCURRENCY: "1",
      COMMENT_SETTLE: "3s",
    });
    await simulator.addFault({ match: { path: "/comments$" }, fault: { reset: "before" } });
    const settling = await client.enqueue("add_comment_to_incident", {
      case_id: "4711",
      incident_id: 29,
      comment: "Seen.",
    });
    const behind = await update(29, { status: "Resolved" });
    const other = await update(28, { status: "Resolved" });
    await startWorker();
    expect(await end(other)).toMatchObject({ status: "completed" });
    expect(await client.result(settling)).toMatchObject({ status: "running", waiting: { for: "retry" } });
    expect(await client.result(behind)).toMatchObject({ status: "queued", waiting: { for: "order" } });
    expect(await end(settling)).toMatchObject({ status: "completed", attempts: 2 });
    expect(await end(behind)).toMatchObject({ status: "completed", attempts: 1 });
    const { effects } = await simulator.ledger();
    expect(effects.map(({ kind, incidentId }) => `${kind} ${incidentId}`)).toEqual([
      "patch 28",
      "comment 29",
      "patch 29",
    ]);
  });
});
