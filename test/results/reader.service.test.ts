import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { findingsSchema } from "../../src/contract/result.ts";
import { incidentJobsKey } from "../../src/results/keys.ts";
import { completed, KEEP_MS, openResults } from "./opened-store.ts";

const JOB = { caseId: "4711", jobId: "j1" };
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("reading a case", () => {
  it("gives all its results, oldest first, however many there are", async () => {
    const { complete, reader } = openResults();
    const jobIds = numbers(500).map((index) => `j${index}`);
    for (const jobId of jobIds) await complete({ caseId: "4711", jobId }, jobId);
    const results = await reader.resultsForCase("4711");
    expect(results.map(({ job_id }) => job_id)).toEqual(jobIds);
    expect(results.every(({ job_id, json_result }) => job_id === json_result)).toBe(true);
  });

  it.each(["{braces}", "}{", "naïve 数据 🚨", "a b:c*d?", "x".repeat(200), "__proto__"])(
    "finds it whatever it is called: %s",
    async (caseId) => {
      const { complete, create, reader } = openResults();
      await complete({ caseId, jobId: "j1" });
      await create({ caseId: `${caseId} `, jobId: "j2" });
      expect((await reader.resultsForCase(caseId)).map(({ case_id, job_id }) => [case_id, job_id])).toEqual([
        [caseId, "j1"],
      ]);
    },
  );

  it("leaves out results whose time is up, and knows nothing of other cases and prefixes", async () => {
    const { complete, reader, redis, recordKey } = openResults();
    await complete(JOB);
    await complete({ ...JOB, jobId: "j2" });
    await redis.del(recordKey(JOB));
    expect((await reader.resultsForCase("4711")).map(({ job_id }) => job_id)).toEqual(["j2"]);
    expect(await reader.resultsForCase("4712")).toEqual([]);
    expect(await reader.result(JOB)).toBeNull();
    expect(await openResults().reader.resultsForCase("4711")).toEqual([]);
  });

  it("changes nothing in Redis", async () => {
    const { complete, create, reader, redis, prefix } = openResults();
    await complete(JOB);
    await create({ ...JOB, jobId: "j2" }, { expiresInMs: 1 });
    const dump = async () => {
      const keys = (await redis.keys(`${prefix}*`)).sort();
      return await Promise.all(
        keys.map(async (key) => [key, (await redis.dumpBuffer(key))?.toString("hex")]),
      );
    };
    const before = await dump();
    await reader.resultsForCase("4711");
    await reader.changesSince("4711", "0");
    await reader.rows(JOB, { offset: 0, limit: 10 });
    expect(await dump()).toEqual(before);
  });

  it("says of a queued job past its time that it expired, and what to do", async () => {
    const { create, expire, reader } = openResults();
    await create(JOB);
    await expire(JOB);
    const result = await reader.result(JOB);
    expect(result).toMatchObject({
      status: "failed",
      is_success: false,
      error: { code: "expired", retryable: true },
      finished_at: result?.expires_at,
    });
    expect(result?.error?.hint).toContain("Enqueue it again");
  });

  it("does not say so of one that runs, or whose write is open", async () => {
    const { create, expire, start, store, reader } = openResults();
    await create(JOB);
    const fence = await start(JOB);
    await expire(JOB);
    expect(await reader.result(JOB)).toMatchObject({ status: "running", error: null });
    const open = { ...JOB, jobId: "j2" };
    await create(open);
    const run = await start(open);
    await store.send(run, { mark: "m" });
    await store.wait(run, "queued", null, 0);
    await expire(open);
    expect(await reader.result(open)).toMatchObject({ status: "queued", error: null });
    expect(await store.finish(fence, completed(), KEEP_MS)).toBe(true);
  });

  it("finds what concerns an incident, over all cases", async () => {
    const { complete, reader, redis, prefix } = openResults();
    const refs = [JOB, { caseId: "{4712}", jobId: "j2" }, { caseId: "gone", jobId: "j3" }];
    for (const [index, ref] of refs.entries()) {
      if (ref.caseId !== "gone") await complete(ref);
      await redis.zadd(
        incidentJobsKey(prefix, "default", "29"),
        index,
        JSON.stringify([ref.caseId, ref.jobId]),
      );
    }
    const found = await reader.resultsForIncident("default", "29");
    expect(found.map(({ case_id }) => case_id)).toEqual(["4711", "{4712}"]);
    expect(await reader.resultsForIncident("other", "29")).toEqual([]);
  });
});

describe("the changes of a case", () => {
  it("after a cursor are given in their order, each job with its last state", async () => {
    const { create, start, store, reader } = openResults();
    const [first, second, third] = [JOB, { ...JOB, jobId: "j2" }, { ...JOB, jobId: "j3" }];
    await create(first);
    await create(second);
    const cursor = (await reader.result(second))?.cursor ?? "";
    await create(third);
    await store.finish(await start(first), completed(), KEEP_MS);
    const changes = await reader.changesSince("4711", cursor);
    expect(changes.map(({ job_id, status }) => [job_id, status])).toEqual([
      ["j3", "queued"],
      ["j1", "completed"],
    ]);
    expect(await reader.changesSince("4711", changes.at(-1)?.cursor ?? "")).toEqual([]);
    expect(await reader.changesSince("4711", "0")).toHaveLength(3);
  });

  it("leave none out that came while they were read", async () => {
    const { create, start, store, redis, reader } = openResults();
    const [early, late] = [
      { caseId: "4711", jobId: "early" },
      { caseId: "4711", jobId: "late" },
    ];
    for (const job of [early, late]) await create(job);
    const fences = [await start(late), await start(early)];
    vi.spyOn(redis, "zrange").mockImplementationOnce(async (key) => {
      const listed = await redis.zrevrange(key, 0, 0, "WITHSCORES");
      // Between the list and the records, first the one ends that is not listed, then the one that is.
      for (const fence of fences) await store.finish(fence, completed(), KEEP_MS);
      return listed;
    });
    const seen = await reader.changesSince("4711", "0");
    const rest = await reader.changesSince("4711", seen.at(-1)?.cursor ?? "0");
    expect([...seen, ...rest].filter(({ status }) => status === "completed")).toHaveLength(2);
  });
});

describe("the rows of a query", () => {
  const ROWS = numbers(2_500).map((index) => ({ index, text: `row ${index} 数据` }));

  async function storedRows(inlineRows = 1_000) {
    const results = openResults();
    await results.create(JOB);
    const fence = await results.start(JOB);
    const pages = [0, 1_000, 2_000].map((from) => gzipSync(JSON.stringify(ROWS.slice(from, from + 1_000))));
    const findings = findingsSchema.parse({ is_success: true, row_count: ROWS.length });
    await results.store.finish(fence, completed(null, { findings, rows: { pages, inlineRows } }), KEEP_MS);
    return results.reader;
  }

  it("are shown with the result up to the inline limit", async () => {
    for (const inlineRows of [0, 3, 1_000, 2_500, 9_999]) {
      const result = await (await storedRows(inlineRows)).result(JOB);
      expect(result?.json_result).toEqual(ROWS.slice(0, inlineRows));
      expect(result?.row_count).toBe(2_500);
    }
  });

  it.each([
    [0, 1],
    [0, 1_000],
    [999, 2],
    [1_000, 1_000],
    [500, 2_000],
    [1_999, 1],
    [2_400, 500],
    [0, 10_000],
    [2_500, 10],
    [99_999, 10],
    [10, 0],
  ])("from %i on, %i of them, are read across pages", async (offset, limit) => {
    const page = await (await storedRows()).rows(JOB, { offset, limit });
    expect(page).toEqual({ rows: ROWS.slice(offset, offset + limit), total: 2_500 });
  });

  it("of a job without any are none, of an unknown job not known", async () => {
    const { complete, reader } = openResults();
    await complete(JOB);
    expect(await reader.rows(JOB, { offset: 0, limit: 10 })).toEqual({ rows: [], total: 0 });
    expect(await reader.rows({ ...JOB, jobId: "j9" }, { offset: 0, limit: 10 })).toBeNull();
  });

  it("of a stale run do not mix with those of the current one", async () => {
    const { create, start, store, reader } = openResults();
    await create(JOB);
    const stale = await start(JOB);
    const current = await start(JOB);
    const rowsOf = (...pages: string[]) =>
      completed(null, { rows: { pages: pages.map((page) => gzipSync(page)), inlineRows: 10 } });
    expect(await store.finish(current, rowsOf('[{"from":"current"}]'), KEEP_MS)).toBe(true);
    expect(await store.finish(stale, rowsOf('[{"from":"stale"}]', "[]"), KEEP_MS)).toBe(false);
    expect(await reader.result(JOB)).toMatchObject({ json_result: [{ from: "current" }] });
  });
});
