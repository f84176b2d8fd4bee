/** How long a verdict of the gate keeps a job away. */
import { expect, it } from "vitest";
import { retryMsOf } from "../../src/defender/gate-state.ts";

/** Until the lease of a probe is over, which takes 15 s; and how long those who wait for it stay away. */
const LOOKS = [
  [15_000, 500],
  [14_600, 500],
  [14_000, 1_000],
  [10_000, 5_000],
  [4_000, 4_000],
  [300, 300],
] as const;

it.each(LOOKS)(
  "%i ms before the end of a probe's lease the next look is in %i ms: few, however long it takes",
  (ms, lookMs) => {
    expect(retryMsOf({ kind: "probing", ms, hasPlace: false })).toBe(lookMs);
  },
);

it("a call that may go is not kept away, and one that may not for as long as that lasts", () => {
  expect(retryMsOf({ kind: "probe", ms: 7, hasPlace: false })).toBe(0);
  expect(retryMsOf({ kind: "paused", ms: 60_000, hasPlace: false })).toBe(60_000);
});
