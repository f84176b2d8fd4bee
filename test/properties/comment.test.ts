/** One comment for one job, whatever goes wrong, in whatever order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAULTS, type Fault, type FaultName, tell } from "./comment-model.ts";

const fault: fc.Arbitrary<Fault> = fc.record({
  name: fc.constantFrom(...FAULTS),
  lag: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
const schedule = fc.array(fault, { maxLength: 12 });
const never = Number.MAX_SAFE_INTEGER;
const once = (name: FaultName): Fault[] => [{ name, lag: 0.9 }];

describe("a comment", () => {
  it.each(FAULTS)("is there once after one fault: %s", async (name) => {
    const story = await tell(once(name), { expiresMs: never, reference: "on" });
    expect(story).toMatchObject({ ending: "completed", comments: 1 });
  });

  it("is never there twice, and there once when the job completed", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, fc.constantFrom("on", "case"), async (faults, reference) => {
        const { ending, comments } = await tell(faults, { expiresMs: never, reference });
        expect(comments).toBeLessThanOrEqual(1);
        if (ending === "completed") expect(comments).toBe(1);
        else if (ending !== "outcome_unknown") expect(comments).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds to that when its job expires in between", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, fc.integer({ min: 1, max: 300_000 }), async (faults, expiresMs) => {
        const { ending, comments } = await tell(faults, { expiresMs, reference: "on" });
        expect(comments).toBeLessThanOrEqual(1);
        if (ending === "completed") expect(comments).toBe(1);
        else if (ending !== "outcome_unknown") expect(comments).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds to that without a mark, among others with the same text", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (faults) => {
        const { ending, comments } = await tell(faults, { expiresMs: never, reference: "off" });
        expect(comments).toBeLessThanOrEqual(1);
        if (ending === "completed") expect(comments).toBe(1);
      }),
      { numRuns: 1_000 },
    );
  });
});
