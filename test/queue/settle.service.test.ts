import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import { KEEP_MS, NOTE, openFailures } from "./opened-failures.ts";
import { INCIDENTS, refusal, update } from "./opened-queue.ts";

describe("settling a write whose outcome is unknown", () => {
  it("as done makes its result a success that says who said so, and keeps the evidence", async () => {
    const { fail, settler, reader, list, queues, store } = openFailures();
    const job = await fail("outcome_unknown");
    const before = await reader.result(job);
    const settled = await settler.settle(
      { jobId: job.jobId },
      { as: "done", by: "ada", note: "seen in the portal" },
    );
    const result = await reader.result(job);
    expect(settled).toEqual({ jobId: job.jobId, caseId: "4711", as: "done", result });
    expect(result).toMatchObject({
      status: "completed",
      is_success: true,
      output_message: "Settled as done by ada: seen in the portal",
      error: null,
      warnings: [expect.stringMatching(/^A write was sent at 20.*resolved/)],
      incident: { id: "29", requested_id: "29", url: null },
    });
    expect(Number(result?.cursor)).toBeGreaterThan(Number(before?.cursor));
    expect(await store.openWriteOf(job)).toBeNull();
    expect(await list()).toEqual([]);
    expect(await queues.get(INCIDENTS).getFailedCount()).toBe(0);
  });

  it("links the incident when another result knows where it is", async () => {
    const { fail, settler, store, enqueuer } = openFailures();
    const url = "https://security.microsoft.com/incidents/29";
    const job = await fail("outcome_unknown");
    const other = await enqueuer.enqueue(update());
    const incident = { id: "29", requested_id: "29", url };
    const findings = findingsSchema.parse({ is_success: true, incident });
    await store.abandon(other, 1, { status: "completed", findings, attempts: 1 }, KEEP_MS);
    const { result } = await settler.settle(job, { as: "done" });
    expect(result?.incident?.url).toBe(url);
  });

  it("as retry asks for it anew, behind the writes accepted before, and the next run looks first", async () => {
    const { fail, settler, enqueuer, turns, reader, store, canceller, list } = openFailures();
    const job = await fail("outcome_unknown");
    const later = await enqueuer.enqueue(update());
    const { result } = await settler.settle(job, { as: "retry", by: "ada" });
    expect(result).toMatchObject({
      status: "queued",
      warnings: [
        "Settled as to be tried again by ada.",
        expect.stringMatching(/^A write was sent at 20.*resolved/),
      ],
    });
    expect(await list()).toEqual([]);

    const incident = { instance: "default", incidentId: "29" };
    // The first generation had a turn of its own, which its worker would have taken out.
    await turns.leave(incident, { queue: INCIDENTS, queueJobId: `${job.jobId}-1` });
    expect((await turns.first(incident))?.job.queueJobId).toBe(`${later.jobId}-1`);
    const second = { queue: INCIDENTS, queueJobId: `${job.jobId}-2` };
    expect((await turns.leave(incident, { queue: INCIDENTS, queueJobId: `${later.jobId}-1` }))?.job).toEqual(
      second,
    );

    // What was sent may be there: a cancel comes too late.
    expect(await canceller.cancel(job)).toEqual({ cancelled: false, sent: true });
    expect(await store.start(job, 1)).toEqual({ verdict: "stale" });
    expect(await store.start(job, 2)).toMatchObject({ verdict: "run", note: NOTE });
    expect((await reader.result(job))?.warnings).toHaveLength(2);
  });

  it("by several at once is done by one of them; the others are told", async () => {
    for (const repeat of [1, 2, 3]) {
      const { fail, settler, jobs, reader } = openFailures();
      const job = await fail("outcome_unknown");
      const outcomes = await Promise.allSettled(
        (["done", "retry", "done", "retry"] as const).map((as, index) =>
          settler.settle(job, { as, by: `person ${index}` }),
        ),
      );
      const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
      expect([repeat, winners.length]).toEqual([repeat, 1]);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected")
          expect(outcome.reason).toMatchObject({
            code: "conflict",
            message: expect.stringContaining(job.jobId),
          });
      }
      const isDone = winners[0]?.value.as === "done";
      expect((await reader.result(job))?.status).toBe(isDone ? "completed" : "queued");
      expect(await jobs()).toHaveLength(isDone ? 0 : 1);
    }
  });

  it("counts for the generation that was looked at, and for no later one", async () => {
    const { fail, failNext, settler, store, enqueuer, failedJobs } = openFailures();
    const job = await fail("outcome_unknown");
    const { payload } = await failedJobs.find(job);
    if (payload === null) throw new Error("no payload");
    await settler.settle(job, { as: "retry" });
    const started = await store.start(job, 2);
    expect(started.verdict).toBe("run");
    const error = new Failure("outcome_unknown", "lost again").toRecord();
    const findings = findingsSchema.parse({ error });
    await store.abandon(job, 2, { status: "failed", findings, attempts: 1 }, KEEP_MS);
    await failNext("outcome_unknown: lost again");

    const stale = { generation: 1, remarks: [] };
    expect(await refusal(enqueuer.again(payload, stale))).toMatchObject({ code: "conflict" });
    expect(await store.settle(job, 1, findings, KEEP_MS)).toBe(false);
    expect(await settler.settle(job, { as: "done" })).toMatchObject({ result: { status: "completed" } });
  });

  it("is refused for a job that failed otherwise, is settled already, or is not there", async () => {
    const { fail, settler } = openFailures();
    const other = await fail("not_found");
    expect(await refusal(settler.settle(other, { as: "done" }))).toMatchObject({
      code: "conflict",
      message: `job "${other.jobId}" failed as not_found; only a write whose outcome is unknown can be settled`,
    });
    const job = await fail("outcome_unknown");
    await settler.settle(job, { as: "done", by: "ada" });
    expect(await refusal(settler.settle(job, { as: "retry" }))).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("it is completed: Settled as done by ada"),
    });
    expect(await refusal(settler.settle({ jobId: "j1" }, { as: "done" }))).toMatchObject({
      code: "not_found",
    });
  });

  it.each([
    [{ as: "ok" }, 'as: given "ok"; allowed: done, retry'],
    [{ as: "done", by: " " }, "by: given"],
    [{ as: "done", note: "x".repeat(1_001) }, "note: given"],
  ])("needs options that are some: %j", async (options, sentence) => {
    const { settler } = openFailures();
    const failure = await refusal(settler.settle({ jobId: "j1" }, JSON.parse(JSON.stringify(options))));
    expect(failure).toMatchObject({ code: "invalid_input", message: expect.stringContaining(sentence) });
  });

  it("whose result has expired takes it off the failed ones, for one person", async () => {
    const { fail, settler, forgetResult, list } = openFailures();
    const job = await fail("outcome_unknown");
    await forgetResult(job);
    const outcomes = await Promise.allSettled([1, 2].map(() => settler.settle(job, { as: "done" })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(Failure);
    expect(await list()).toEqual([]);
  });
});
