import { describe, expect, test } from "vitest";
import { bulkAims } from "./bulk-aims.ts";
import { compareRuns } from "./bulk-fairness.ts";
import type { RateFigures } from "./bulk-rate.ts";
import type { ScaleFigures } from "./bulk-scale.ts";

const times = (count: number, fromMs: number, everyMs: number): number[] =>
  Array.from({ length: count }, (_, at) => fromMs + at * everyMs);

const SCALE: ScaleFigures = {
  incidents: 1_000_000,
  acceptedMs: 20_000,
  pausedMs: 500,
  cancelledMs: 500,
  callsWhilePaused: 0,
  producerBytes: 100_000_000,
  workerBytes: 100_000_000,
  waitingBytesEach: 12,
  cancelledBytesEach: 0,
  othersBeforeMs: [10],
  othersMs: [20],
};
const RATE: RateFigures = {
  limit: { calls: 100, windowMs: 2_000 },
  incidents: 5_000,
  calls: 5_200,
  neededCalls: 5_200,
  spanMs: 130_000,
  physicalMs: 128_000,
  selectedMs: 20_000,
  busiest: 100,
  reportBytesEach: 40,
  idleMs: [20],
  besideMs: [40],
  firstCallMs: [10],
};
const missed = (change: { scale?: Partial<ScaleFigures>; rate?: Partial<RateFigures> }): string[] =>
  bulkAims({
    conditions: "",
    scale: [
      { ...SCALE, incidents: 1_000 },
      { ...SCALE, ...change.scale },
    ],
    rate: { ...RATE, ...change.rate },
    fairness: { worstRatio: 1.05, written: [100, 105], windows: 10 },
  })
    .filter(({ isMet }) => !isMet)
    .map(({ what }) => what);

describe("two runs are compared", () => {
  test("in the window in which they differ most", () => {
    const even = [times(60, 0, 1_000), times(60, 500, 1_000)];
    expect(compareRuns(even, { startMs: 0, endMs: 60_000, windowMs: 10_000 })).toEqual({
      worstRatio: 1,
      written: [10, 10],
      windows: 51,
    });
    const late = [times(60, 0, 1_000), times(30, 30_000, 1_000)];
    const { worstRatio } = compareRuns(late, { startMs: 30_000, endMs: 60_000, windowMs: 10_000 });
    expect(worstRatio).toBe(1);
  });

  test("and one that stood still is infinitely worse", () => {
    const stuck = [times(60, 0, 1_000), times(20, 0, 1_000)];
    const { worstRatio } = compareRuns(stuck, { startMs: 0, endMs: 60_000, windowMs: 10_000 });
    expect(worstRatio).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("an aim is missed", () => {
  test("by none of good figures", () => expect(missed({})).toEqual([]));

  test.each([
    [{ scale: { acceptedMs: 61_000 } }, "1000000 ids: accepted"],
    [{ scale: { callsWhilePaused: 1 } }, "1000000 ids: calls while paused"],
    [{ scale: { workerBytes: 300_000_000 } }, "worker, 1000 ids to 1000000"],
    [{ rate: { spanMs: 135_000 } }, "5000 incidents, selected in 20 s: writes, of the physical limit"],
    [{ rate: { busiest: 101 } }, "busiest window"],
    [{ rate: { besideMs: [100] } }, "interactive answer waits, 50 %"],
  ])("by %j", (change, what) => {
    expect(missed(change)).toContain(what);
  });
});
