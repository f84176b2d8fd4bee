/** What the quota bench says of its runs. */
import { describe, expect, it } from "vitest";
import { type QuotaRun, quotaAims, reportQuota } from "./quota-report.ts";

const perfect: QuotaRun = {
  contestant: "worker",
  retryAfter: "seconds",
  done: 200,
  failed: 0,
  rejected: 0,
  spanMs: 36_000,
  usedPercent: 98,
  busiest: 20,
};
const other: QuotaRun = { ...perfect, contestant: "sdk", failed: 40, rejected: 99, spanMs: 54_000 };

const missed = (run: Partial<QuotaRun>) =>
  quotaAims([{ ...perfect, ...run }])
    .filter(({ isMet }) => !isMet)
    .map(({ what }) => what);

describe("the aims", () => {
  it("are met by 98 % without a rejection, a failure or a window too full", () => {
    expect(missed({})).toEqual([]);
    expect(quotaAims([perfect])).toHaveLength(4);
  });

  it.each([
    [{ usedPercent: 97.99 }, "quota used"],
    [{ rejected: 1 }, "calls rejected"],
    [{ failed: 1 }, "requests failed"],
    [{ busiest: 21 }, "busiest window"],
  ])("are missed by %j", (run, what) => {
    expect(missed(run)).toEqual([what]);
  });

  it("are this worker's alone", () => {
    expect(quotaAims([other])).toEqual([]);
  });
});

it("the report has a table for each setting that was run, ratios to this worker, and the aims", () => {
  const text = reportQuota({ conditions: "2 CPUs", calls: 200, runs: [perfect, other] });
  expect(text).toContain("2 CPUs; 200 calls, 20 allowed in 4 s: 36 s at least");
  expect(text).toContain("with Retry-After:");
  expect(text).not.toContain("without Retry-After");
  expect(text).toMatch(/Microsoft's SDK +│ 54\.0 +│ 1\.50 .*│ 99 +│ 40 /);
  expect(text).toMatch(/^met +quota used, with Retry-After +98\.0 %/m);
});

it("without this worker there is neither ratio nor aim", () => {
  const text = reportQuota({ conditions: "2 CPUs", calls: 200, runs: [other] });
  expect(text).toMatch(/Microsoft's SDK +│ 54\.0 +│ +│/);
  expect(text).not.toMatch(/^(met|missed)/m);
});
