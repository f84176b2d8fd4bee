/** The arithmetic of the quota bench. */
import { describe, expect, it } from "vitest";
import { figuresOf, physicalLimitMs } from "./quota-figures.ts";

const limit = { calls: 20, windowMs: 4_000 };

describe("the physical limit", () => {
  it.each([
    [0, 0],
    [1, 0],
    [20, 0],
    [21, 4_000],
    [200, 36_000],
    [201, 40_000],
  ])("of %d calls is %d ms: the last one waits for every full window before it", (calls, ms) => {
    expect(physicalLimitMs(calls, limit)).toBe(ms);
  });
});

/** As fast as can be: a whole window's calls at once, then the next one's. */
function bursts(calls: number, everyMs: number, status = 200) {
  return Array.from({ length: calls }, (_, number) => ({
    timeMs: 1_000_000 + Math.floor(number / limit.calls) * everyMs,
    status,
  }));
}

describe("the figures of a run", () => {
  const all = { requests: 200, failed: 0, limit };

  it("are 100 % for calls that leave as fast as the quota allows", () => {
    expect(figuresOf(bursts(200, 4_000), all)).toEqual({
      done: 200,
      failed: 0,
      rejected: 0,
      spanMs: 36_000,
      usedPercent: 100,
      busiest: 20,
    });
  });

  it("fall by what is waited beyond it", () => {
    expect(figuresOf(bursts(200, 5_000), all)).toMatchObject({ spanMs: 45_000, usedPercent: 80 });
  });

  it("do not depend on the order of the ledger", () => {
    expect(figuresOf(bursts(200, 5_000).toReversed(), all)).toEqual(figuresOf(bursts(200, 5_000), all));
  });

  it("count rejected calls, which spend from the window too", () => {
    const calls = [...bursts(20, 4_000), ...bursts(5, 4_000, 429)];
    expect(figuresOf(calls, { requests: 25, failed: 5, limit })).toMatchObject({ rejected: 5, busiest: 25 });
  });

  it("give no credit for requests that failed", () => {
    // 200 asked for, 100 done: 16 s would have been enough.
    expect(figuresOf(bursts(200, 4_000), { ...all, failed: 100 }).usedPercent).toBeCloseTo(44.4, 1);
    expect(figuresOf(bursts(200, 4_000), { ...all, failed: 200 }).usedPercent).toBe(0);
  });

  it("shorten a window by 1 %, and no more", () => {
    expect(figuresOf(bursts(40, 3_960), all).busiest).toBe(20);
    expect(figuresOf(bursts(40, 3_959), all).busiest).toBe(40);
  });

  it("are 100 % for calls that one window holds, and 0 for none", () => {
    expect(figuresOf(bursts(20, 4_000), { ...all, requests: 20 }).usedPercent).toBe(100);
    expect(figuresOf([], { requests: 5, failed: 5, limit })).toMatchObject({ usedPercent: 0, spanMs: 0 });
  });
});
