import { describe, expect, it } from "vitest";
import { jobSchema } from "../../src/contract/job.ts";
import { openFailures } from "./opened-failures.ts";
import { INCIDENTS, refusal, update } from "./opened-queue.ts";

describe("retry", () => {
  it("asks for a failed job anew, with its arguments, and takes it off the failed ones", async () => {
    const { fail, retrier, jobs, list, reader, queues } = openFailures();
    const job = await fail("invalid_input", { ...update({}, { requestedBy: "ada" }), caller: "siem" });
    expect(await retrier.retry({ jobId: job.jobId })).toEqual(job);
    const [queued] = await jobs();
    expect(jobSchema.parse(queued?.data)).toMatchObject({
      job_id: job.jobId,
      generation: 2,
      requested_by: "ada",
      caller: "siem",
      input: { incident_id: "29", status: "resolved" },
    });
    expect(await reader.result(job)).toMatchObject({ status: "queued", error: null });
    expect(await list()).toEqual([]);
    expect(await queues.get(INCIDENTS).getFailedCount()).toBe(0);
  });

  it("of one job by several at once is done once", async () => {
    const { fail, retrier, jobs } = openFailures();
    const job = await fail("throttled");
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => retrier.retry(job)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await jobs()).toHaveLength(1);
  });

  it("refuses a write whose outcome is unknown, also when only BullMQ remembers it", async () => {
    const { fail, retrier, jobs, forgetResult } = openFailures();
    const job = await fail("outcome_unknown");
    for (const forget of [false, true]) {
      if (forget) await forgetResult(job);
      const { code, details } = await refusal(retrier.retry(job));
      expect([code, details.hint]).toEqual([
        "conflict",
        expect.stringContaining(`defender-actions settle ${job.jobId}`),
      ]);
    }
    expect(await jobs()).toEqual([]);
  });

  it("works for a job whose result has expired", async () => {
    const { fail, retrier, forgetResult, reader } = openFailures();
    const job = await fail("not_found");
    await forgetResult(job);
    await retrier.retry(job);
    expect(await reader.result(job)).toMatchObject({ status: "queued" });
  });

  it("refuses what is not there, has not failed, or has no arguments that could be used", async () => {
    const { fail, failNext, retrier, enqueuer, queues } = openFailures();
    expect(await refusal(retrier.retry({ jobId: "j1" }))).toMatchObject({ code: "not_found" });
    const queue = queues.get(INCIDENTS);
    await queue.add("close", "close 29", { jobId: "theirs" });
    await failNext("invalid_input: x");
    expect(await refusal(retrier.retry({ jobId: "theirs" }))).toMatchObject({
      code: "invalid_input",
      message: 'job "theirs" cannot be asked for again: its payload is not a job of ours',
    });
    const gone = await fail("not_found");
    await queue.remove(`${gone.jobId}-1`);
    expect((await refusal(retrier.retry(gone))).message).toContain("its arguments are not kept any more");
    const queued = await enqueuer.enqueue(update());
    expect(await refusal(retrier.retry(queued))).toMatchObject({ code: "conflict" });
  });
});
