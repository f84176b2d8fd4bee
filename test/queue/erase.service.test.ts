/** What is left of a case whose texts and rows a person erased. */
import { gzipSync } from "node:zlib";
import { describe, expect, inject, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import { Eraser } from "../../src/queue/erase.ts";
import { queueJobId } from "../../src/queue/names.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { RowSets } from "../../src/results/row-sets.ts";
import type { Verdict } from "../../src/results/store.ts";
import { dumpRedis } from "../support/redis-dump.ts";
import { INCIDENTS, openQueue } from "./opened-queue.ts";

const KEEP_MS = 60_000;
const NOTE = { status: "resolved" };
const CANARY = "canary-7f3a";
const ROWS = { pages: [gzipSync(JSON.stringify([{ host: CANARY }]))], inlineRows: 1 };
const EVERYTHING = findingsSchema.parse({
  is_success: true,
  output_message: CANARY,
  warnings: [CANARY],
  kql: `AlertInfo | where Title has '${CANARY}'`,
  row_count: 1,
  schema: [{ name: "host", type: "string" }],
});

function openCase() {
  const queue = openQueue();
  const eraser = new Eraser(queue.redis, queue, queue.queues);
  const request = (idempotencyKey: string): JobRequest => ({
    action: "add_comment_to_incident",
    input: { case_id: "4711", incident_id: 29, comment: CANARY },
    options: { idempotencyKey, requestedBy: CANARY },
  });
  const begin = async (key: string) => {
    const job: JobRef = await queue.enqueuer.enqueue(request(key));
    const started = await queue.store.start(job, 1);
    if (started.verdict !== "run") throw new Error(started.verdict);
    return { job, fence: { ...job, generation: 1, run: Number(started.run) } };
  };
  const finish = async (key: string, verdict: Partial<Verdict> = {}) => {
    const { job, fence } = await begin(key);
    const whole = { status: "completed", findings: EVERYTHING, attempts: 1, ...verdict } as const;
    await queue.store.finish(fence, whole, KEEP_MS);
    return job;
  };
  const rowSets = new RowSets(queue.redis, queue.prefix);
  const config = { url: inject("redisUrl"), prefix: queue.prefix, mode: queue.mode, sentinelName: null };
  return { ...queue, eraser, request, begin, finish, rowSets, dump: () => dumpRedis(config) };
}

describe("a case that is erased", () => {
  it("has its texts nowhere any more, neither in results nor on the queue, and its rows are gone", async () => {
    const { eraser, finish, reader, rowSets, dump, queues } = openCase();
    const error = new Failure("not_found", CANARY, { hint: CANARY }).toRecord();
    const query = await finish("query", { rows: ROWS });
    const failed = await finish("failed", { status: "failed", findings: findingsSchema.parse({ error }) });
    expect(await rowSets.bytes()).toBeGreaterThan(0);
    expect(await dump()).toContain(CANARY);

    const jobIds = [query.jobId, failed.jobId];
    expect(await eraser.eraseCase("4711")).toEqual({ erased: jobIds, kept: [] });
    expect(await dump()).not.toContain(CANARY);
    expect(await rowSets.bytes()).toBe(0);
    expect(await queues.get(INCIDENTS).getJobState(queueJobId(query.jobId, 1))).toBe("unknown");
    expect(await reader.resultsForCase("4711")).toMatchObject([
      { job_id: query.jobId, status: "completed", is_success: true, json_result: null, requested_by: null },
      { job_id: failed.jobId, status: "failed", error: { code: "not_found" } },
    ]);
  });

  it("still knows a repeated request, which is not done again", async () => {
    const { eraser, finish, enqueuer, request } = openCase();
    const { jobId } = await finish("once");
    await eraser.eraseCase("4711");
    expect(await enqueuer.enqueue(request("once"))).toMatchObject({ jobId, deduplicated: true });
  });

  it("keeps what is not over, and a write whose outcome is unknown", async () => {
    const { eraser, begin, finish, enqueuer, request, store, reader } = openCase();
    const waiting = await enqueuer.enqueue(request("waiting"));
    const running = await begin("running");
    const sent = await begin("sent");
    await store.send(sent.fence, NOTE);
    const error = new Failure("outcome_unknown", CANARY).toRecord();
    const unknown = await finish("unknown", { status: "failed", findings: findingsSchema.parse({ error }) });
    const before = await reader.resultsForCase("4711");
    expect(await eraser.eraseCase("4711")).toEqual({
      erased: [],
      kept: [
        { jobId: waiting.jobId, because: "not over" },
        { jobId: running.job.jobId, because: "not over" },
        { jobId: sent.job.jobId, because: "outcome unknown" },
        { jobId: unknown.jobId, because: "outcome unknown" },
      ],
    });
    expect(await reader.resultsForCase("4711")).toEqual(before);
  });

  it("may be erased twice, and one that nobody knows as well", async () => {
    const { eraser, finish } = openCase();
    const { jobId } = await finish("once");
    await eraser.eraseCase("4711");
    expect(await eraser.eraseCase("4711")).toEqual({ erased: [jobId], kept: [] });
    expect(await eraser.eraseCase("unknown")).toEqual({ erased: [], kept: [] });
  });
});
