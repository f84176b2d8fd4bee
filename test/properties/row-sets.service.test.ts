/** Rows within their memory, whatever is written, dies or ends in whatever order: the index against a model. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { findingsSchema } from "../../src/contract/result.ts";
import { rowSetKeys } from "../../src/results/keys.ts";
import { RowSets } from "../../src/results/row-sets.ts";
import type { Fence } from "../../src/results/store.ts";
import { completed, KEEP_MS, openResults } from "../results/opened-store.ts";
import { randomPrefix } from "../support/prefix.ts";

const MOST = 100;

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("finish" as const), bytes: fc.integer({ min: 1, max: 120 }) }),
  },
  // The worker dies, or is slow, between the entry and its rows; somebody else may have the job then.
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("die" as const, "write" as const),
      bytes: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), nth: fc.nat(8) }) },
);

interface Entry {
  fence: Fence;
  bytes: number;
  isBeingWritten: boolean;
}

it("the oldest rows go, no more than must, and the sum is always that of what is left", async () => {
  const prefix = randomPrefix();
  const { create, start, store, redis, keys, reader } = openResults(prefix, { bytes: MOST });
  const rowSets = new RowSets(redis, prefix, { bytes: MOST });
  const keyOf = ({ caseId, jobId, generation, run }: Fence) => keys(caseId).rows(jobId, generation, run);
  let jobs = 0;

  async function begin(): Promise<Fence> {
    jobs += 1;
    const job = { caseId: `case ${jobs % 3}`, jobId: `j${jobs}` };
    await create(job);
    return await start(job);
  }

  async function play(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) {
    let entries: Entry[] = [];
    const finished: Fence[] = [];
    const overdue = new Set<Fence>();
    const makeRoom = (entry: Entry) => {
      entries.push(entry);
      for (const old of [...entries]) {
        if (entries.reduce((sum, { bytes }) => sum + bytes, 0) <= MOST) break;
        if (old !== entry && !old.isBeingWritten) entries = entries.filter((each) => each !== old);
      }
    };
    for (const each of steps) {
      if (each.kind === "end") {
        const ended = entries[each.nth % Math.max(1, entries.length)];
        if (ended === undefined) continue;
        await redis.zadd(`${prefix}:{row-sets}:ends`, 1, keyOf(ended.fence));
        await redis.del(keyOf(ended.fence));
        entries = entries.filter((entry) => entry !== ended);
        overdue.add(ended.fence);
      } else {
        const fence = await begin();
        if (each.bytes <= MOST) makeRoom({ fence, bytes: each.bytes, isBeingWritten: each.kind === "write" });
        if (each.kind === "finish") {
          const findings = findingsSchema.parse({ row_count: 1 });
          const rows = { pages: [Buffer.alloc(each.bytes)], inlineRows: 0 };
          expect(await store.finish(fence, completed(null, { findings, rows }), KEEP_MS)).toBe(true);
          finished.push(fence);
        } else {
          await rowSets.admit(keyOf(fence), each.bytes, KEEP_MS);
          if (each.kind === "die") await start(fence);
        }
      }
      expect(await rowSets.bytes()).toBe(entries.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    for (const fence of finished) {
      const isKept = entries.some((entry) => entry.fence === fence);
      expect(await redis.exists(keyOf(fence))).toBe(isKept ? 1 : 0);
      const result = await reader.result(fence);
      expect(result?.rows_expired ?? false).toBe(!isKept && !overdue.has(fence));
    }
    await redis.del(rowSetKeys(prefix));
  }

  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), play), { numRuns: 40 });
});
