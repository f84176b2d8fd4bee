import { Redis } from "ioredis";
import { expect, inject, it, onTestFinished } from "vitest";
import { Canceller } from "../../src/queue/cancel.ts";
import { Enqueuer } from "../../src/queue/enqueue.ts";
import { Queues } from "../../src/queue/queues.ts";
import { ResultReader } from "../../src/results/reader.ts";
import { randomPrefix } from "../support/prefix.ts";

function openQueue() {
  const redis = new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
  const config = { prefix: randomPrefix(), mode: "single" as const };
  const queues = new Queues(redis, config);
  onTestFinished(async () => {
    await queues.close();
    redis.disconnect();
  });
  const enqueue = () =>
    new Enqueuer(redis, config, queues).enqueue({
      action: "update_incident",
      input: { case_id: "4711", incident_id: 29, unassign: true },
    });
  const reader = new ResultReader(redis, config.prefix);
  return { queues, enqueue, reader, canceller: new Canceller(redis, config, queues) };
}

it("a queued job is taken back, and reads as cancelled at once", async () => {
  const { enqueue, canceller, reader } = openQueue();
  const job = await enqueue();
  expect(await canceller.cancel(job)).toEqual({ cancelled: true, sent: false });
  expect(await reader.result(job)).toMatchObject({
    status: "failed",
    output_message: "the job was cancelled before it was sent",
    error: { code: "cancelled", retryable: true },
  });
  expect(await canceller.cancel(job)).toEqual({ cancelled: false, sent: false });
});

it("one that waits wakes up, so that it holds back no later write", async () => {
  const { enqueue, canceller, queues } = openQueue();
  const job = await enqueue();
  const queue = queues.get("defender-default-incidents");
  const queued = await queue.getJob(`${job.jobId}-1`);
  await queue.remove(`${job.jobId}-1`);
  await queue.add("update_incident", queued?.data, { jobId: `${job.jobId}-1`, delay: 86_400_000 });
  await canceller.cancel(job);
  expect(await queue.getJobState(`${job.jobId}-1`)).toBe("waiting");
});

it("an unknown job is not found", async () => {
  const { canceller } = openQueue();
  await expect(canceller.cancel({ caseId: "4711", jobId: "j9" })).rejects.toMatchObject({
    code: "not_found",
    message: 'there is no job "j9" in case "4711"',
  });
});
