import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { jobSchema } from "../../src/contract/job.ts";
import { connectProducer } from "../../src/queue/connection.ts";
import { Enqueuer } from "../../src/queue/enqueue.ts";
import { publishInstances } from "../../src/queue/instances.ts";
import { Queues } from "../../src/queue/queues.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import { openQueue, refusal, update } from "./opened-queue.ts";

const DEFAULTS = { jobExpiresAfterMs: 600_000, resultTtlMs: 60_000 };

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
