/** Times, spans and terms. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDatetime, formatTimespan, hasTerm, parseDatetime, parseTimespan } from "./values.ts";

const ticks = fc.bigInt({ min: -62_135_596_800_0000000n, max: 253_402_300_799_9999999n });

describe("times", () => {
  it("survive being written and read", () => {
    fc.assert(
      fc.property(ticks, (time) => {
        expect(parseDatetime(formatDatetime(time))).toBe(time);
      }),
    );
    fc.assert(
      fc.property(ticks, (span) => {
        expect(parseTimespan(formatTimespan(span))).toBe(span);
      }),
    );
  });

  it.each([
    ["1d", 864_000_000_000n],
    ["1.5h", 54_000_000_000n],
    ["90m", 54_000_000_000n],
    ["10ms", 100_000n],
    ["30seconds", 300_000_000n],
    ["1.02:03:04", 937_840_000_000n],
    ["soon", null],
  ])("read the span %s", (text, expected) => {
    expect(parseTimespan(text)).toBe(expected);
  });

  it("read other zones, and nothing else", () => {
    expect(parseDatetime("2026-01-01T02:00:00+02:00")).toBe(parseDatetime("2026-01-01"));
    expect(parseDatetime("01/02/2026")).toBeNull();
  });
});

describe("a term", () => {
  it.each([
    ["a.b", "a", true],
    ["ab", "a", false],
    ["x ab aab", "ab", true],
    ["x-abc", "ab", false],
    ["cmd.exe", ".exe", true],
    ["naïve", "na", false],
    ["snake_case", "case", true],
  ])("in %j: %j is %s", (text, term, expected) => {
    expect(hasTerm(text, term)).toBe(expected);
  });
});
