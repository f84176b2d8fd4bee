import { describe, expect, it } from "vitest";
import { jobSchema } from "../../src/contract/job.ts";
import { checkRequest } from "../../src/queue/request.ts";
import { ResultReader } from "../../src/results/reader.ts";
import { INCIDENTS, openQueue, refusal, update } from "./opened-queue.ts";

describe("an idempotency key", () => {
  const keyed = update({}, { idempotencyKey: "close-29" });

  it("makes one job of two hundred requests at once", async () => {
    const { enqueuer, jobs } = openQueue();
    const answers = await Promise.all(Array.from({ length: 200 }, () => enqueuer.enqueue(keyed)));
    expect(new Set(answers.map(({ jobId }) => jobId)).size).toBe(1);
    expect(answers.filter(({ deduplicated }) => deduplicated)).toHaveLength(199);
    expect(await jobs()).toHaveLength(1);
  });

  it("with other input is a conflict", async () => {
    const { enqueuer, jobs } = openQueue();
    await enqueuer.enqueue(keyed);
    const failure = await refusal(enqueuer.enqueue(update({ status: "Active" }, keyed.options)));
    expect(failure.code).toBe("conflict");
    expect(failure.message).toContain('idempotencyKey: given one that was used in case "4711"');
    expect(await jobs()).toHaveLength(1);
  });

  it("is the same for input that means the same", async () => {
    const { enqueuer } = openQueue();
    const first = await enqueuer.enqueue(keyed);
    const second = await enqueuer.enqueue(update({ incident_id: ["29"], status: "RESOLVED" }, keyed.options));
    expect(second).toEqual({ ...first, deduplicated: true });
  });

  it("belongs to its case and instance", async () => {
    const { enqueuer } = openQueue();
    const answers = [
      await enqueuer.enqueue(keyed),
      await enqueuer.enqueue(update({ case_id: "4712" }, keyed.options)),
      await enqueuer.enqueue(update({}, { ...keyed.options, instance: "contoso" })),
    ];
    expect(new Set(answers.map(({ jobId }) => jobId)).size).toBe(3);
    expect(answers.some(({ deduplicated }) => deduplicated)).toBe(false);
  });

  it("belongs to the caller who used it, whose name goes with the job", async () => {
    const { enqueuer, reader, prefix, redis, jobs } = openQueue();
    const job = await enqueuer.enqueue({ ...keyed, caller: "siem" });
    for (const caller of ["hunter", undefined])
      expect((await refusal(enqueuer.enqueue({ ...keyed, caller }))).code).toBe("conflict");
    expect(await enqueuer.enqueue({ ...keyed, caller: "siem" })).toEqual({ ...job, deduplicated: true });
    expect((await jobs()).map(({ data }) => jobSchema.parse(data).caller)).toEqual(["siem"]);
    const seen = async (name: string) =>
      (await new ResultReader(redis, prefix, ({ caller }) => caller === name).resultsForCase("4711")).length;
    expect([await seen("siem"), await seen("hunter"), (await reader.resultsForCase("4711")).length]).toEqual([
      1, 0, 1,
    ]);
  });

  it("completes a request whose producer died between record and queue", async () => {
    const { enqueuer, store, jobs, turns } = openQueue();
    const { head, inputHash } = checkRequest(keyed);
    await store.create({ head, inputHash, expiresInMs: 60_000, keepMs: 60_000 });
    expect(await jobs()).toEqual([]);
    const answer = await enqueuer.enqueue(keyed);
    expect(answer).toMatchObject({ jobId: head.job_id, deduplicated: true });
    expect(await jobs()).toHaveLength(1);
    expect((await turns.first({ instance: "default", incidentId: "29" }))?.job.queue).toBe(INCIDENTS);
  });

  it("runs again, as a new job on the queue, after the job was cancelled", async () => {
    const { enqueuer, canceller, jobs } = openQueue();
    const { jobId } = await enqueuer.enqueue(keyed);
    await canceller.cancel({ caseId: "4711", jobId });
    expect(await enqueuer.enqueue(keyed)).toMatchObject({ jobId, deduplicated: false });
    expect((await jobs()).map(({ id }) => id)).toEqual([`${jobId}-1`, `${jobId}-2`]);
  });

  it("keeps the priority and instance that the first request gave", async () => {
    const { enqueuer, jobs } = openQueue();
    await enqueuer.enqueue(keyed);
    await enqueuer.enqueue(update({}, { ...keyed.options, priority: "bulk" }));
    expect(await jobs(`${INCIDENTS}-bulk`)).toEqual([]);
    expect(await jobs()).toHaveLength(1);
  });
});
