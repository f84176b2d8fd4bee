import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { jobSchema } from "../../src/contract/job.ts";
import { connectProducer } from "../../src/queue/connection.ts";
import { Enqueuer } from "../../src/queue/enqueue.ts";
import { publishInstances } from "../../src/queue/instances.ts";
import { Queues } from "../../src/queue/queues.ts";
import { checkRequest, type EnqueueOptions, type JobRequest } from "../../src/queue/request.ts";
import { Turns } from "../../src/queue/turns.ts";
import { ResultReader } from "../../src/results/reader.ts";
import { ResultStore } from "../../src/results/store.ts";
import { randomPrefix } from "../support/prefix.ts";

const DEFAULTS = { jobExpiresAfterMs: 600_000, resultTtlMs: 60_000 };
const INCIDENTS = "defender-default-incidents";

function openQueue() {
  const redis = new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
  const config = { prefix: randomPrefix(), mode: "single" as const };
  const queues = new Queues(redis, config);
  onTestFinished(async () => {
    await queues.close();
    redis.disconnect();
  });
  const enqueuer = new Enqueuer(redis, config, queues);
  return {
    ...config,
    redis,
    queues,
    enqueuer,
    store: new ResultStore(redis, config.prefix),
    reader: new ResultReader(redis, config.prefix),
    turns: new Turns(redis, config.prefix),
    jobs: async (name = INCIDENTS) => (await queues.get(name).getJobs(["waiting"])).reverse(),
    /** All keys of the prefix but those that BullMQ makes when a queue is opened. */
    keys: async () => (await redis.keys(`${config.prefix}*`)).filter((key) => !key.endsWith(":meta")),
  };
}

function update(change: object = {}, options: EnqueueOptions = {}): JobRequest {
  return {
    action: "update_incident",
    input: { case_id: "4711", incident_id: 29, status: ["Resolved"], ...change },
    options,
  };
}

async function refusal(refused: Promise<unknown>): Promise<Failure> {
  const error: unknown = await refused.then(
    () => new Error("accepted"),
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw error;
}

describe("enqueue", () => {
  it("puts a job of the wire format on the queue of its lane, and a queued result beside it", async () => {
    const { enqueuer, jobs, reader } = openQueue();
    const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
    const answer = await enqueuer.enqueue(
      update(
        { alert_group_identifiers: ["group-1"] },
        { requestedBy: "ada", traceparent, expiresInMs: 5_000 },
      ),
    );
    expect(answer).toEqual({
      jobId: expect.stringMatching(/^j[0-9a-f]{24}$/),
      caseId: "4711",
      action: "update_incident",
      deduplicated: false,
    });
    const [queued] = await jobs();
    const job = jobSchema.parse(queued?.data);
    expect(queued?.name).toBe("update_incident");
    expect(job).toMatchObject({ requested_by: "ada", traceparent, generation: 1, priority: "interactive" });
    expect(job.input).toMatchObject({ incident_id: "29", status: "resolved", scope: "All entities" });
    expect(Date.parse(job.expires_at) - Date.parse(job.enqueued_at)).toBe(5_000);
    expect(await reader.result(answer)).toMatchObject({
      status: "queued",
      requested_by: "ada",
      alert_group_identifiers: ["group-1"],
      enqueued_at: job.enqueued_at,
      expires_at: job.expires_at,
    });
    expect(await reader.resultsForIncident("default", "29")).toHaveLength(1);
  });

  it.each([
    ["ping", {}, {}, "defender-default-ping"],
    ["ping", {}, { priority: "bulk" }, "defender-default-ping"],
    ["execute_custom_query", { query: "AlertInfo" }, {}, "defender-default-hunting"],
    ["execute_custom_query", { query: "AlertInfo" }, { priority: "bulk" }, "defender-default-hunting-bulk"],
    [
      "update_incident",
      { incident_id: 1, unassign: true },
      { instance: "contoso" },
      "defender-contoso-incidents",
    ],
  ] as const)("%s %j with %j goes to %s", async (action, input, options, queue) => {
    const { enqueuer, jobs } = openQueue();
    await enqueuer.enqueue({ action, input: { case_id: "4711", ...input }, options });
    expect(await jobs(queue)).toHaveLength(1);
  });

  it.each<[string, JobRequest, string]>([
    ["an unknown action", { action: "close", input: {} }, 'action: given "close"; allowed: update_incident'],
    ["a bad argument", update({ status: "Open" }), 'status: given "Open"; allowed: Active'],
    ["an unknown argument", update({ stauts: "x" }), 'no argument is named "stauts"'],
    ["no case", update({ case_id: " " }), 'case_id: given " "; allowed: text'],
    ["a bad priority", { ...update(), options: JSON.parse('{"priority":"high"}') }, "priority: given"],
    [
      "a lifetime of nothing",
      update({}, { expiresInMs: 0 }),
      "expiresInMs: given 0; allowed: a whole number",
    ],
    [
      "a lifetime without end",
      update({}, { expiresInMs: 1e15 }),
      "expiresInMs: given 1000000000000000; allowed",
    ],
    ["a blank key", update({}, { idempotencyKey: " " }), 'idempotencyKey: given " "; allowed'],
    ["a bad instance", update({}, { instance: "Contoso!" }), 'instance: given "Contoso!"; allowed: 1 to 32'],
    ["a bad trace", update({}, { traceparent: "00-1" }), 'traceparent: given "00-1"; allowed'],
    ["a huge input", update({ resolving_comment: "x".repeat(262_144) }), "input: given 26"],
  ])("refuses %s before anything reaches Redis", async (_name, request, sentence) => {
    const { enqueuer, keys } = openQueue();
    const failure = await refusal(enqueuer.enqueue(request));
    expect(failure.code).toBe("invalid_input");
    expect(failure.message).toContain(sentence);
    expect(await keys()).toEqual([]);
  });

  it("refuses an unknown instance only when workers have published theirs", async () => {
    const { enqueuer, redis, prefix, reader } = openQueue();
    await enqueuer.enqueue(update({}, { instance: "contoso" }));
    await publishInstances(redis, prefix, ["default", "fabrikam"], DEFAULTS);
    for (const instance of ["contoso", "constructor"]) {
      const failure = await refusal(enqueuer.enqueue(update({}, { instance })));
      expect(failure.message).toBe(`instance: given "${instance}"; allowed: default, fabrikam`);
    }
    const { jobId } = await enqueuer.enqueue(update({}, { instance: "fabrikam" }));
    const result = await reader.result({ caseId: "4711", jobId });
    expect(Date.parse(result?.expires_at ?? "") - Date.parse(result?.enqueued_at ?? "")).toBe(
      DEFAULTS.jobExpiresAfterMs,
    );
  });

  it("rejects within seconds when Redis is away", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    server.close();
    await once(server, "close");
    const config = {
      url: `redis://127.0.0.1:${port}`,
      prefix: "away",
      mode: "single",
      sentinelName: null,
    } as const;
    const redis = connectProducer(config);
    onTestFinished(() => redis.disconnect());
    const start = performance.now();
    await expect(new Enqueuer(redis, config, new Queues(redis, config)).enqueue(update())).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

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
    const { enqueuer, store, jobs } = openQueue();
    const { jobId } = await enqueuer.enqueue(keyed);
    const failure = new Failure("cancelled", "taken back").toRecord();
    await store.cancel(
      { caseId: "4711", jobId },
      {
        is_success: false,
        output_message: "",
        json_result: null,
        error: failure,
        reason: null,
        warnings: [],
        incident: null,
      },
    );
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
