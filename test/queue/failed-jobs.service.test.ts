import { describe, expect, it } from "vitest";
import { findingsSchema } from "../../src/contract/result.ts";
import { publishInstances } from "../../src/queue/instances.ts";
import { openFailures } from "./opened-failures.ts";
import { INCIDENTS, refusal, update } from "./opened-queue.ts";

const DEFAULTS = { jobExpiresAfterMs: 600_000, resultTtlMs: 60_000 };

describe("failed jobs", () => {
  it("are none where nothing failed", async () => {
    const { list, enqueuer } = openFailures();
    await enqueuer.enqueue(update());
    expect(await list()).toEqual([]);
  });

  it("are listed with their reason, newest first, over the queues of all instances", async () => {
    const { fail, list, redis, prefix } = openFailures();
    await publishInstances(redis, prefix, ["default", "contoso"], DEFAULTS);
    const first = await fail("not_found", update({}, { requestedBy: "ada" }));
    const second = await fail("throttled", update({ case_id: "4712" }, { instance: "contoso" }), {
      queue: "defender-contoso-incidents",
    });
    const third = await fail("invalid_input", update({}, { priority: "bulk" }), {
      queue: `${INCIDENTS}-bulk`,
    });
    const jobs = await list();
    expect(jobs.map(({ jobId }) => jobId)).toEqual([third, second, first].map(({ jobId }) => jobId));
    expect(jobs[1]).toMatchObject({
      instance: "contoso",
      caseId: "4712",
      code: "throttled",
      retryable: true,
    });
    expect(jobs[2]).toEqual({
      jobId: first.jobId,
      caseId: "4711",
      action: "update_incident",
      instance: "default",
      priority: "interactive",
      requestedBy: "ada",
      incidentId: "29",
      code: "not_found",
      message: "it ended as not_found",
      retryable: false,
      failedAt: expect.stringMatching(/^20.*Z$/),
      enqueuedAt: expect.stringMatching(/^20.*Z$/),
      hasResult: true,
      hasArguments: true,
    });
  });

  it("are narrowed by instance, code, action, case, time and number", async () => {
    const { fail, list, redis, prefix } = openFailures();
    await publishInstances(redis, prefix, ["default", "contoso"], DEFAULTS);
    const old = await fail("not_found");
    const other = await fail("throttled", update({ case_id: "4712" }, { instance: "contoso" }), {
      queue: "defender-contoso-incidents",
    });
    const ping = await fail(
      "auth_failed",
      { action: "ping", input: { case_id: "4711" } },
      {
        queue: "defender-default-ping",
      },
    );
    const ids = async (filter: Parameters<typeof list>[0]) => (await list(filter)).map(({ jobId }) => jobId);
    expect(await ids({ instance: "contoso" })).toEqual([other.jobId]);
    expect(await ids({ code: "not_found" })).toEqual([old.jobId]);
    expect(await ids({ action: "ping" })).toEqual([ping.jobId]);
    expect(await ids({ caseId: "4711" })).toEqual([ping.jobId, old.jobId]);
    expect(await ids({ limit: 1 })).toEqual([ping.jobId]);
    const since = new Date((await list({ code: "throttled" }))[0]?.failedAt ?? "");
    expect(await ids({ since })).toEqual([ping.jobId, other.jobId]);
    expect(await ids({ since: new Date(since.getTime() + 3_600_000) })).toEqual([]);
  });

  it.each([
    [{ instance: "fabrikam" }, 'instance: given "fabrikam"; allowed: default'],
    [{ code: "lost" }, 'code: given "lost"; allowed: invalid_input'],
    [{ limit: 0 }, "limit: given 0; allowed: a whole number from 1"],
    [{ codes: ["lost"] }, "codes"],
  ])("are not listed for a filter that is none: %j", async (filter, sentence) => {
    const { failedJobs, redis, prefix } = openFailures();
    await publishInstances(redis, prefix, ["default"], DEFAULTS);
    const failure = await refusal(failedJobs.list(JSON.parse(JSON.stringify(filter))).next());
    expect(failure).toMatchObject({ code: "invalid_input", message: expect.stringContaining(sentence) });
  });

  it("are no longer those that were asked for again since, whatever BullMQ keeps", async () => {
    const { fail, list, enqueuer, failNext, redis, recordKey } = openFailures();
    const request = update({}, { idempotencyKey: "k" });
    const job = await fail("not_found", request);
    await enqueuer.enqueue(request);
    expect(await list()).toEqual([]);

    await failNext("not_found: again");
    await redis.hset(recordKey(job), { status: "failed", error_code: "not_found" });
    const jobs = await list();
    expect(jobs.map(({ jobId }) => jobId)).toEqual([job.jobId]);
  });

  it("are no longer those whose result is a success, should BullMQ's job have outlived it", async () => {
    const { fail, list, store, failedJobs } = openFailures();
    const job = await fail("outcome_unknown");
    const findings = findingsSchema.parse({ is_success: true, output_message: "seen" });
    expect(await store.settle(job, 1, findings, 60_000)).toBe(true);
    expect(await list()).toEqual([]);
    expect((await refusal(failedJobs.details({ jobId: job.jobId }))).message).toBe(
      `job "${job.jobId}" has not failed; it is completed: seen`,
    );
  });

  it("are all found, page by page, also those that failed at one time, while others go", async () => {
    const { queues, failedJobs, list, redis, prefix } = openFailures();
    const queue = queues.get(INCIDENTS);
    const added = await queue.addBulk(
      Array.from({ length: 350 }, (_, index) => ({
        name: "update_incident",
        data: { case_id: "4711" },
        opts: { jobId: `theirs-${index}x` },
      })),
    );
    // 350 jobs of a worker would take long: they are put where it would have put them.
    for (const [index, { id = "" }] of added.entries()) {
      await redis.lrem(`${prefix}:${INCIDENTS}:wait`, 1, id);
      await redis.zadd(`${prefix}:${INCIDENTS}:failed`, 1_000 + Math.floor(index / 150), id);
    }
    // More than there are, so that a page which never ends is seen as such.
    const all = (await list({ limit: 400 })).map(({ jobId }) => jobId);
    expect([all.length, new Set(all).size]).toEqual([350, 350]);

    const seen: string[] = [];
    for await (const { jobId } of failedJobs.list()) {
      seen.push(jobId);
      await queue.remove(jobId);
    }
    expect(seen).toHaveLength(350);
    expect(new Set(seen).size).toBe(350);
  });
});

describe("what cannot be read or is gone", () => {
  it("is shown as it lies there", async () => {
    const { queues, failNext, list, failedJobs, redis, prefix } = openFailures();
    const queue = queues.get(INCIDENTS);
    await queue.add("close", "close 29", { jobId: "text" });
    await failNext("invalid_input: the payload is not a job of version 1");
    await queue.add("close", { case_id: 4711, job_id: "theirs", note: "x" }, { jobId: "object" });
    await failNext("Error: something else");
    await queue.add("close", {}, { jobId: "broken" });
    await failNext("invalid_input: x");
    await redis.hset(`${prefix}:${INCIDENTS}:broken`, "data", "{ no JSON");

    expect(await list()).toMatchObject([
      { jobId: "broken", caseId: null, code: "invalid_input", message: "the payload is not JSON" },
      { jobId: "object", caseId: "4711", code: "internal_error", message: "Error: something else" },
      { jobId: "text", caseId: null, action: "close", code: "invalid_input", hasArguments: false },
    ]);
    expect(await failedJobs.details({ jobId: "text" })).toMatchObject({ input: "close 29", result: null });
    expect(await failedJobs.details({ jobId: "object" })).toMatchObject({ input: { note: "x" } });
    expect(await failedJobs.details({ jobId: "broken" })).toMatchObject({ input: null, evidence: null });
  });

  it("is known by BullMQ's reason when the result has expired", async () => {
    const { fail, list, forgetResult, failedJobs } = openFailures();
    const job = await fail("not_found");
    await forgetResult(job);
    expect(await list()).toMatchObject([
      { jobId: job.jobId, code: "not_found", message: "it ended as not_found", hasResult: false },
    ]);
    const details = await failedJobs.details(job);
    expect(details).toMatchObject({ result: null, input: { incident_id: "29", status: "resolved" } });
  });

  it("is known by its record when BullMQ has it no more", async () => {
    const { fail, list, queues, failedJobs } = openFailures();
    const job = await fail("not_found");
    await queues.get(INCIDENTS).remove(`${job.jobId}-1`);
    expect(await list()).toEqual([]);
    expect(await failedJobs.details(job)).toMatchObject({
      code: "not_found",
      input: null,
      hasArguments: false,
      result: { status: "failed" },
    });
  });
});

describe("one failed job", () => {
  it("is found by its id alone, and shown whole", async () => {
    const { fail, failedJobs } = openFailures();
    await fail("throttled");
    const job = await fail("outcome_unknown");
    const details = await failedJobs.details({ jobId: job.jobId });
    expect(details).toMatchObject({
      caseId: "4711",
      code: "outcome_unknown",
      input: { case_id: "4711", incident_id: "29", status: "resolved" },
      evidence: { sent: { patch: { status: "resolved" } }, mark: null, incidentId: "29", incidentUrl: null },
      result: { job_id: job.jobId, status: "failed" },
    });
    expect(Date.parse(details.evidence?.sentAt ?? "")).toBeGreaterThan(0);
    expect(await failedJobs.details(job)).toEqual(details);
  });

  it("is not one that is unknown, of another case, or not failed", async () => {
    const { fail, failedJobs, enqueuer } = openFailures();
    const job = await fail("not_found");
    for (const target of [{ jobId: "j" }, { jobId: "j*" }, { jobId: job.jobId, caseId: "4712" }])
      expect(await refusal(failedJobs.details(target))).toMatchObject({ code: "not_found" });
    const queued = await enqueuer.enqueue(update());
    expect(await refusal(failedJobs.details(queued))).toMatchObject({
      code: "conflict",
      message: `job "${queued.jobId}" has not failed; it is queued`,
    });
  });

  it("has to be named with its case when foreign jobs share its id", async () => {
    const { queues, failNext, failedJobs } = openFailures();
    for (const [id, case_id] of [
      ["a", "4711"],
      ["b", "4712"],
    ]) {
      await queues
        .get(INCIDENTS)
        .add("close", { case_id, job_id: "twin" }, { jobId: `twin-${id === "a" ? 1 : 2}` });
      await failNext("invalid_input: x");
    }
    expect(await refusal(failedJobs.details({ jobId: "twin" }))).toMatchObject({
      code: "conflict",
      message: 'job "twin" failed in the cases "4711", "4712"',
    });
    expect(await failedJobs.details({ jobId: "twin", caseId: "4712" })).toMatchObject({ caseId: "4712" });
  });
});
