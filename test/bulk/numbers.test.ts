/** Times as people read them. */
import { expect, it } from "vitest";
import { formatDuration } from "../../src/bulk/numbers.ts";

it.each([
  [999, "less than a second"],
  [1_000, "1 second"],
  [61_000, "1 minute 1 second"],
  [3_600_000, "1 hour"],
  [90_061_000, "1 day 1 hour"],
])("%i ms is %s", (timeMs, text) => {
  expect(formatDuration(timeMs)).toBe(text);
});
