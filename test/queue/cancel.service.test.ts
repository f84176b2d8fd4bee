import { expect, it } from "vitest";
import { openQueue, update } from "./opened-queue.ts";

it("a queued job is taken back, and reads as cancelled at once", async () => {
  const { enqueuer, canceller, reader } = openQueue();
  const job = await enqueuer.enqueue(update());
  expect(await canceller.cancel(job)).toEqual({ cancelled: true, sent: false });
  expect(await reader.result(job)).toMatchObject({
    status: "failed",
    output_message: "the job was cancelled before it was sent",
    error: { code: "cancelled", retryable: true },
  });
  expect(await canceller.cancel(job)).toEqual({ cancelled: false, sent: false });
});

it("one that waits wakes up, so that it holds back no later write", async () => {
  const { enqueuer, canceller, queues } = openQueue();
  const job = await enqueuer.enqueue(update());
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
