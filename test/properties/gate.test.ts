/** Arithmetic of windows and shares. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { bulkCallsOf, holdMsOf } from "../../src/defender/slot.ts";

const window = fc.record({
  calls: fc.integer({ min: 1, max: 100_000 }),
  windowMs: fc.integer({ min: 1_000, max: 86_400_000 }),
});

it("holds a slot for the window and a guard of 1 %, at least 20 ms", () => {
  fc.assert(
    fc.property(window, (each) => {
      const guardMs = holdMsOf(each) - each.windowMs;
      expect(guardMs).toBeGreaterThanOrEqual(20);
      expect(guardMs).toBeGreaterThanOrEqual(each.windowMs / 100);
      expect(guardMs).toBeLessThanOrEqual(Math.max(20, each.windowMs / 100 + 1));
    }),
  );
});

it("never gives bulk more than its share, except for the one call without which it would stand still", () => {
  fc.assert(
    fc.property(window, fc.double({ min: 0, max: 1, noNaN: true }), (each, share) => {
      const calls = bulkCallsOf(each, share);
      expect(Number.isInteger(calls)).toBe(true);
      expect(calls).toBeGreaterThanOrEqual(1);
      expect(calls).toBeLessThanOrEqual(Math.max(1, each.calls * share));
    }),
  );
});
