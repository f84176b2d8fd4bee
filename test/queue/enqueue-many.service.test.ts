import { describe, expect, it } from "vitest";
import { publishInstances } from "../../src/queue/instances.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import { openQueue, refusal, update } from "./opened-queue.ts";

const DEFAULTS = { jobExpiresAfterMs: 60_000, resultTtlMs: 60_000 };

describe("enqueueMany", () => {
  it("accepts all, in their order, which is the order of the writes to each incident", async () => {
    const { enqueuer, jobs, turns } = openQueue();
    const requests = Array.from({ length: 100 }, (_, index) =>
      update({ incident_id: 29, add_tags: `t${index}` }),
    );
    const answers = await enqueuer.enqueueMany(requests);
    const inQueue = (await jobs()).map(({ id }) => id);
    expect(inQueue).toEqual(answers.map(({ jobId }) => `${jobId}-1`));
    const incident = { instance: "default", incidentId: "29" };
    for (const id of inQueue) {
      const first = await turns.first(incident);
      expect(first?.job.queueJobId).toBe(id);
      if (first !== null) await turns.leave(incident, first.job);
    }
  });

  it.each<[string, JobRequest, string]>([
    ["bad input", update({ status: "Open" }), "[2] status: given"],
    ["an unknown action", { action: "close", input: {} }, "[2] action: given"],
    ["an instance that no one serves", update({}, { instance: "contoso" }), "[2] instance: given"],
    [
      "a key of its own batch with other input",
      update({ status: "Active" }, { idempotencyKey: "k" }),
      "[2] idempotencyKey",
    ],
  ])("refuses all because of %s, naming its index", async (_name, bad, sentence) => {
    const { enqueuer, redis, prefix, keys } = openQueue();
    await publishInstances(redis, prefix, ["default"], DEFAULTS);
    const before = await keys();
    const good = update({}, { idempotencyKey: "k" });
    const failure = await refusal(enqueuer.enqueueMany([good, good, bad, update()]));
    expect(failure.message).toContain(sentence);
    expect(await keys()).toEqual(before);
  });

  it("refuses all because of a key that was used before with other input", async () => {
    const { enqueuer, jobs } = openQueue();
    await enqueuer.enqueue(update({}, { idempotencyKey: "k" }));
    const failure = await refusal(
      enqueuer.enqueueMany([update({ case_id: "1" }), update({ status: "Active" }, { idempotencyKey: "k" })]),
    );
    expect(failure).toMatchObject({ code: "conflict" });
    expect(failure.message).toContain("[1] idempotencyKey");
    expect(await jobs()).toHaveLength(1);
  });

  it("of none is none", async () => {
    expect(await openQueue().enqueuer.enqueueMany([])).toEqual([]);
  });
});
