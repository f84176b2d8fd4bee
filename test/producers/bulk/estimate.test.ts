/** What a run will spend, and how long it takes. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { callsPerMinute, durationMs, expectCalls, spentCalls } from "../../../producers/bulk/estimate.ts";
import { whereSchema } from "../../../src/bulk/selection.ts";
import { specOf } from "../../bulk/opened-runs.ts";

const FILTER = { kind: "filter" as const, where: whereSchema.parse({ status: ["active"] }), filter: null };
const MINUTE = { limits: [{ calls: 120, window_ms: 60_000 }], bulk_share: 0.8 };

const runOf = (selected: number, more: Parameters<typeof specOf>[0] = {}) => ({
  ...specOf(more),
  counts: { selected },
});
const change = (more: object) => ({ change: { ...specOf().change, ...more } });
const WHOLE = { looked_at: 100, unchanged: 0 };

it("an incident by its id is read and written once each, and a comment is one more", () => {
  expect(expectCalls(runOf(100), WHOLE)).toEqual({ reads: 100, writes: 100 });
  expect(expectCalls(runOf(100, change({ comment: "hi" })), WHOLE)).toEqual({ reads: 100, writes: 200 });
  expect(expectCalls(runOf(100, change({ comment: "hi", status: null })), WHOLE)).toEqual({
    reads: 100,
    writes: 100,
  });
});

it("fifty of a filter are read at once, and none without a second look", () => {
  expect(expectCalls(runOf(101, { selection: FILTER }), WHOLE)).toEqual({ reads: 3, writes: 101 });
  expect(expectCalls(runOf(101, { selection: FILTER, verify: false }), WHOLE)).toEqual({
    reads: 0,
    writes: 101,
  });
});

it("without a second look only what a write is made of is read", () => {
  const reads = (more: object) => expectCalls(runOf(100, { verify: false, ...change(more) }), WHOLE).reads;
  expect(reads({})).toBe(0);
  expect(reads({ add_tags: ["a"] })).toBe(100);
  expect(reads({ comment: "Closed: {displayName}" })).toBe(100);
  expect(reads({ comment: "Closed" })).toBe(0);
});

it("no write is expected for what is as asked already, in the proportion in which it was seen", () => {
  expect(expectCalls(runOf(1_000), { looked_at: 50, unchanged: 10 }).writes).toBe(800);
  expect(expectCalls(runOf(50), { looked_at: 50, unchanged: 50 }).writes).toBe(0);
});

it("an undo writes each incident once", () => {
  expect(expectCalls(runOf(7, { kind: "undo", undoes: "r0", ...change({ status: null }) }), WHOLE)).toEqual({
    reads: 7,
    writes: 7,
  });
});

it("what was spent follows from what ended", () => {
  expect(spentCalls(specOf(), 10, 6)).toBe(16);
});

it("the tightest limit decides, and a first windowful takes no time", () => {
  expect(callsPerMinute(MINUTE)).toBe(96);
  expect(durationMs(96, MINUTE)).toBe(0);
  expect(durationMs(97, MINUTE)).toBe(60_000);
  const two = { limits: [{ calls: 1_500, window_ms: 3_600_000 }, ...MINUTE.limits], bulk_share: 0.8 };
  expect(callsPerMinute(two)).toBe(20);
  expect(durationMs(1_201, two)).toBe(3_600_000);
});

it("no duration is below what the limits allow", () => {
  const quota = fc.record({
    limits: fc.array(
      fc.record({
        calls: fc.integer({ min: 1, max: 2_000 }),
        window_ms: fc.integer({ min: 100, max: 3_600_000 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    bulk_share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), quota, (calls, given) => {
      for (const { calls: most, window_ms } of given.limits) {
        const windows = Math.floor(durationMs(calls, given) / window_ms) + 1;
        expect(windows * Math.max(1, Math.floor(most * given.bulk_share))).toBeGreaterThanOrEqual(calls);
      }
    }),
  );
});
