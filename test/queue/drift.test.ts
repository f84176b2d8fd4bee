import { Redis } from "ioredis";
import { expect, it, onTestFinished, vi } from "vitest";
import { measureDriftMs } from "../../src/queue/drift.ts";

/** A Redis whose clock is `aheadMs` before ours when it looks at it, and whose answer then takes so long. */
function clockOf(aheadMs: number, answerMs: number): Redis {
  vi.useFakeTimers({ now: 1_000_000 });
  onTestFinished(() => void vi.useRealTimers());
  const redis = new Redis({ lazyConnect: true });
  vi.spyOn(redis, "time").mockImplementation(async () => {
    const atMs = Date.now() + aheadMs;
    vi.setSystemTime(Date.now() + answerMs);
    return [Math.floor(atMs / 1_000), (atMs % 1_000) * 1_000];
  });
  return redis;
}

it.each([
  { aheadMs: 5_000, answerMs: 0, driftMs: -5_000 },
  { aheadMs: -5_000, answerMs: 0, driftMs: 5_000 },
  { aheadMs: -5_000, answerMs: 2_000, driftMs: 5_000 },
  { aheadMs: 5_000, answerMs: 2_000, driftMs: -3_000 },
  { aheadMs: 0, answerMs: 60_000, driftMs: 0 },
])(
  "tells only the drift that is certain: $aheadMs ms ahead, an answer of $answerMs ms",
  async ({ aheadMs, answerMs, driftMs }) => {
    expect(Math.abs((await measureDriftMs(clockOf(aheadMs, answerMs))) - driftMs)).toBe(0);
  },
);
