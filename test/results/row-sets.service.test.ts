/** Rows within their memory: which go, and what is said of them. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { findingsSchema } from "../../src/contract/result.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { RowSets } from "../../src/results/row-sets.ts";
import type { Fence, Verdict } from "../../src/results/store.ts";
import { randomPrefix } from "../support/prefix.ts";
import { completed, KEEP_MS, openResults } from "./opened-store.ts";

const ROW = { host: "ws-042" };
const PAGE = gzipSync(JSON.stringify([ROW]));
const FIRST_ROW = { offset: 0, limit: 1 };

const job = (number: number): JobRef => ({ caseId: `case ${number}`, jobId: `j${number}` });

function answer(pages: number): Verdict {
  const findings = findingsSchema.parse({ is_success: true, row_count: pages * 1_000, schema: [] });
  return completed(null, { findings, rows: { pages: Array(pages).fill(PAGE), inlineRows: 10 } });
}

/** Room for so many pages. */
function openRows(room: number | null) {
  const prefix = randomPrefix();
  const gone: number[] = [];
  const memory = {
    bytes: room === null ? null : room * PAGE.length,
    onExpired: (rowSets: number) => gone.push(rowSets),
  };
  const results = openResults(prefix, memory);
  const rowSets = new RowSets(results.redis, prefix, memory);
  const begin = async (number: number): Promise<Fence> => {
    await results.create(job(number));
    return await results.start(job(number));
  };
  return {
    ...results,
    rowSets,
    gone,
    begin,
    keyOf: ({ caseId, jobId, generation, run }: Fence) => results.keys(caseId).rows(jobId, generation, run),
    finish: async (number: number, pages: number) =>
      await results.store.finish(await begin(number), answer(pages), KEEP_MS),
    pagesKept: async () => (await rowSets.bytes()) / PAGE.length,
  };
}

describe("rows that take more memory than they may", () => {
  it("go whole, the oldest first, and their records stay and say so", async () => {
    const { finish, reader, gone, pagesKept } = openRows(5);
    for (const number of [1, 2, 3]) await finish(number, 2);
    expect(gone).toEqual([1]);
    expect(await pagesKept()).toBe(4);
    expect(await reader.result(job(1))).toMatchObject({
      status: "completed",
      is_success: true,
      row_count: 2_000,
      json_result: null,
      rows_expired: true,
      warnings: [expect.stringContaining("RESULT_MEMORY")],
    });
    await expect(reader.rows(job(1), FIRST_ROW)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining('"j1" in case "case 1" are not kept any more'),
    });
    for (const number of [2, 3]) {
      const result = await reader.result(job(number));
      expect(result?.json_result).toHaveLength(1);
      expect(result).not.toHaveProperty("rows_expired");
      expect(await reader.rows(job(number), FIRST_ROW)).toEqual({ rows: [ROW], total: 2_000 });
    }
  });

  it("are not kept at all when no other could make room for them", async () => {
    const { finish, begin, store, keyOf, redis, reader, gone, pagesKept } = openRows(2);
    await finish(1, 2);
    const fence = await begin(2);
    expect(await store.finish(fence, answer(3), KEEP_MS)).toBe(true);
    expect(await redis.exists(keyOf(fence))).toBe(0);
    expect(await reader.result(job(2))).toMatchObject({ status: "completed", rows_expired: true });
    expect(await reader.rows(job(1), FIRST_ROW)).toMatchObject({ rows: [ROW] });
    expect([gone, await pagesKept()]).toEqual([[], 2]);
  });

  it("are passed over while they are being written, and are read whole then", async () => {
    const { finish, begin, store, rowSets, keyOf, reader } = openRows(3);
    const writing = await begin(1);
    await rowSets.admit(keyOf(writing), 2 * PAGE.length, KEEP_MS);
    await finish(2, 2);
    await finish(3, 1);
    expect(await reader.result(job(2))).toMatchObject({ rows_expired: true });
    expect(await store.finish(writing, answer(2), KEEP_MS)).toBe(true);
    expect(await reader.rows(job(1), { offset: 1_000, limit: 1 })).toMatchObject({ total: 2_000 });
    expect(await reader.result(job(1))).not.toHaveProperty("rows_expired");
  });

  it("make room also when their worker died over them, once another has the job", async () => {
    const { finish, begin, start, rowSets, keyOf, redis, reader, pagesKept } = openRows(3);
    const died = await begin(1);
    await rowSets.admit(keyOf(died), 2 * PAGE.length, KEEP_MS);
    await redis.hset(keyOf(died), "0", PAGE);
    await start(job(1));
    await finish(2, 2);
    expect(await redis.exists(keyOf(died))).toBe(0);
    expect(await reader.rows(job(2), FIRST_ROW)).toMatchObject({ rows: [ROW] });
    expect(await pagesKept()).toBe(2);
  });
});

describe("the index of rows", () => {
  it("holds nothing of a run whose result was refused, nor does Redis", async () => {
    const { begin, start, store, keyOf, redis, pagesKept } = openRows(null);
    const stale = await begin(1);
    await start(job(1));
    expect(await store.finish(stale, answer(2), KEEP_MS)).toBe(false);
    expect(await redis.exists(keyOf(stale))).toBe(0);
    expect(await pagesKept()).toBe(0);
  });

  it("keeps rows whose result was written, though the answer was lost and it is written again", async () => {
    const { begin, store, reader, pagesKept } = openRows(null);
    const fence = await begin(1);
    expect(await store.finish(fence, answer(2), KEEP_MS)).toBe(true);
    expect(await store.finish(fence, answer(2), KEEP_MS)).toBe(false);
    expect(await reader.rows(job(1), FIRST_ROW)).toMatchObject({ rows: [ROW] });
    expect(await pagesKept()).toBe(2);
  });

  it("does not count rows whose time is up", async () => {
    const { begin, finish, store, pagesKept, redis, prefix, keyOf } = openRows(4);
    const fence = await begin(1);
    await store.finish(fence, answer(2), KEEP_MS);
    await redis.zadd(`${prefix}:{row-sets}:ends`, 1, keyOf(fence));
    await finish(2, 1);
    expect(await pagesKept()).toBe(1);
  });

  it("is gone with the last rows", async () => {
    const { finish, redis, prefix } = openRows(null);
    await finish(1, 1);
    const keys = await redis.keys(`${prefix}:{row-sets}:*`);
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(KEEP_MS - 10_000);
  });
});

it("rows that go between the read of a record and that of its pages are told of as well", async () => {
  const { begin, store, reader, redis, keyOf } = openRows(null);
  const fence = await begin(1);
  await store.finish(fence, answer(2), KEEP_MS);
  await redis.del(keyOf(fence));
  expect(await reader.result(job(1))).toMatchObject({ json_result: null, rows_expired: true });
  await expect(reader.rows(job(1), FIRST_ROW)).rejects.toMatchObject({ code: "not_found" });
});
