/** How long a slot is held: Defender counts a call when it arrives, which is not before it was sent nor after its answer. */
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { holdMsOf, LONGEST_WAY_MS, Slot } from "../../src/defender/slot.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Milliseconds from sending until the slot is free. */
function heldMs(windowMs: number, answeredAfterMs: number | null): number {
  vi.useFakeTimers();
  const slot = new Slot(holdMsOf({ calls: 1, windowMs }), windowMs);
  slot.endAfterWindow();
  let passedMs = 0;
  while (!slot.isOver) {
    if (passedMs === answeredAfterMs) slot.answeredAfter(passedMs);
    vi.advanceTimersByTime(1);
    passedMs += 1;
  }
  return passedMs;
}

it("a call that is answered at once keeps its slot for the window and its guard", () => {
  expect(heldMs(4_000, 3)).toBe(4_040);
});

it("a call that is answered late may have arrived late", () => {
  expect(heldMs(4_000, 120)).toBe(4_120);
});

it("a call that is not answered may still be on its way, for a quarter of a second", () => {
  expect(heldMs(4_000, null)).toBe(4_000 + LONGEST_WAY_MS);
  expect(heldMs(4_000, 3_900)).toBe(4_000 + LONGEST_WAY_MS);
});

it("a window whose guard is longer needs no answer", () => {
  expect(heldMs(60_000, null)).toBe(60_600);
  expect(heldMs(60_000, 500)).toBe(60_600);
});

it("no slot is free before its window is over, counted from any moment at which the call can have arrived", () => {
  const arrivals = fc.integer({ min: 0, max: LONGEST_WAY_MS });
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 3_000 }), arrivals, arrivals, (windowMs, arrivedMs, backMs) => {
      expect(heldMs(windowMs, arrivedMs + backMs)).toBeGreaterThanOrEqual(arrivedMs + windowMs);
    }),
    { numRuns: 30 },
  );
});
