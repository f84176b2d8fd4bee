/** The figures that the bench says of its measurements. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, percentile } from "./figures.ts";

const values = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1 });

describe("a percentile", () => {
  it("is one of the values: so many do not exceed it, and fewer are below", () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (all, percent) => {
        const found = percentile(all, percent);
        const wanted = (percent * all.length) / 100;
        expect(all).toContain(found);
        expect(all.filter((value) => value <= found).length).toBeGreaterThanOrEqual(wanted);
        expect(all.filter((value) => value < found).length).toBeLessThan(wanted);
      }),
    );
  });
});

describe("a median", () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 2, 100], 3],
  ])("of %j is %d", (all, middle) => {
    expect(median(all)).toBe(middle);
  });
});
