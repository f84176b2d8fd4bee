/** What holds for every ruling, however a run ended. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAILURE_CODES, Failure, type FailureDetails } from "../../src/contract/failure.ts";
import { keysOf } from "../../src/contract/table.ts";
import { backoffMs, RETRY_POLICY } from "../../src/engine/backoff.ts";
import { type Circumstances, type Ended, rule } from "../../src/engine/ruling.ts";

const details: fc.Arbitrary<FailureDetails> = fc.record(
  {
    retryable: fc.boolean(),
    heldBack: fc.constantFrom("quota", "throttled"),
    retryAfterMs: fc.integer({ min: 0, max: 3_600_000 }),
  },
  { requiredKeys: [] },
);
const failure = fc
  .tuple(fc.constantFrom(...keysOf(FAILURE_CODES)), details)
  .map(([code, more]) => new Failure(code, "x", more));
const ended: fc.Arbitrary<Ended> = fc.oneof(
  fc.constant<Ended>({ kind: "done", isSuccess: true, message: "ok" }),
  fc
    .integer({ min: 1, max: 86_400_000 })
    .map((delayMs): Ended => ({ kind: "again", waitFor: "settle", delayMs })),
  failure.map((one): Ended => ({ kind: "failed", failure: one })),
  failure.map((one): Ended => ({ kind: "thrown", failure: one })),
);
const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  attempts: fc.integer({ min: 0, max: RETRY_POLICY.attempts - 1 }),
  hasOpenWrite: fc.boolean(),
  isAborted: fc.boolean(),
  random: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => () => value),
});

describe("every ruling", () => {
  it("counts an attempt only for a failed try and for the one that ends the job", () => {
    fc.assert(
      fc.property(ended, circumstances, (end, now) => {
        const ruling = rule(end, now);
        const isCounted =
          ruling.kind === "complete" ||
          ruling.kind === "fail" ||
          (ruling.kind === "wait" && ruling.waitFor === "retry");
        expect(ruling.attempts).toBe(now.attempts + (isCounted ? 1 : 0));
        expect(ruling.attempts).toBeLessThanOrEqual(RETRY_POLICY.attempts);
      }),
      { numRuns: 1_000 },
    );
  });

  it("waits for a bounded time, and never not at all", () => {
    fc.assert(
      fc.property(ended, circumstances, (end, now) => {
        const ruling = rule(end, now);
        if (ruling.kind !== "wait" && ruling.kind !== "hold") return;
        expect(ruling.delayMs).toBeGreaterThan(0);
        if (ruling.waitFor === "retry")
          expect(ruling.delayMs).toBeLessThanOrEqual(RETRY_POLICY.longestDelayMs);
      }),
      { numRuns: 1_000 },
    );
  });

  it("never ends a job whose write is open but by proof, a verdict, or as outcome_unknown", () => {
    fc.assert(
      fc.property(ended, circumstances, (end, now) => {
        const ruling = rule(end, { ...now, hasOpenWrite: true });
        if (ruling.kind !== "fail" || end.kind === "failed") return;
        expect(ruling.failure.code).toBe("outcome_unknown");
        expect(ruling.attempts).toBe(RETRY_POLICY.attempts);
      }),
      { numRuns: 1_000 },
    );
  });

  it("hands a job back, uncounted, when the worker stops before it is done", () => {
    fc.assert(
      fc.property(ended, circumstances, (end, now) => {
        if (end.kind === "done") return;
        expect(rule(end, { ...now, isAborted: true })).toEqual({ kind: "hand-back", attempts: now.attempts });
      }),
    );
  });
});

describe("the backoff", () => {
  it("grows with every failed try up to its longest, and spreads over half of it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failed, random) => {
          const ms = backoffMs(failed, RETRY_POLICY, () => random);
          const whole = backoffMs(failed, RETRY_POLICY, () => 1);
          expect(ms).toBeGreaterThanOrEqual(Math.floor(whole / 2));
          expect(ms).toBeLessThanOrEqual(whole);
          expect(whole).toBeLessThanOrEqual(RETRY_POLICY.longestDelayMs);
          expect(backoffMs(failed + 1, RETRY_POLICY, () => 1)).toBeGreaterThanOrEqual(whole);
        },
      ),
    );
  });

  it("bridges an outage of a few minutes", () => {
    const waits = [1, 2, 3, 4, 5].map((failed) => backoffMs(failed, RETRY_POLICY, () => 0));
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(4 * 60_000);
  });
});
