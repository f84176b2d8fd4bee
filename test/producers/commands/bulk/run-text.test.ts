/** How a run stands, in words and as an exit code. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPace, QuotaUse } from "../../../../producers/commands/bulk/progress.ts";
import { formatOutcome, formatTotals } from "../../../../producers/commands/bulk/report.ts";
import {
  exitCodeOfRun,
  formatCounts,
  formatNext,
  formatRun,
} from "../../../../producers/commands/bulk/run-text.ts";
import { percentOf } from "../../../../src/bulk/pace.ts";
import { endedOf, outcomeSchema, type RunStatus, runStatusSchema } from "../../../../src/bulk/run.ts";
import { specOf } from "../../../bulk/opened-runs.ts";

const NONE = {
  read: 0,
  selected: 0,
  changed: 0,
  unchanged: 0,
  skipped: {},
  failed: {},
  waiting: 0,
  in_hand: 0,
};

function runOf(more: Partial<RunStatus> = {}, counts: Partial<RunStatus["counts"]> = {}): RunStatus {
  return runStatusSchema.parse({
    ...specOf(),
    ...{ state: "running", reason: null, is_draft: false, is_selected: true, rate_per_minute: 96 },
    ...{ created_at: "2026-11-24T08:00:00.000Z", started_at: "2026-11-24T08:00:00.000Z", ended_at: null },
    ...more,
    counts: { ...NONE, ...counts },
  });
}

it("counts are told by result, with skips by reason and failures by code", () => {
  const counts = {
    ...NONE,
    ...{ changed: 1_500, unchanged: 2, waiting: 10, in_hand: 1 },
    ...{ skipped: { changed: 1, merged: 2 }, failed: { not_found: 4 } },
  };
  expect(formatCounts(counts)).toBe(
    "changed 1,500, unchanged 2, skipped 3 (changed 1, merged 2), failed 4 (not_found 4), waiting 10, in hand 1",
  );
});

it("100 % means all, however many there are", () => {
  const count = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(count, count, (changed, waiting) => {
      const run = { counts: { ...NONE, selected: changed + waiting, changed, waiting } };
      expect(percentOf(run) === 100).toBe(waiting === 0 && changed > 0);
    }),
  );
});

it("says how fast it goes, how much of the quota that takes, and how long it will last", () => {
  const run = runOf({}, { selected: 1_000, changed: 40, waiting: 960 });
  expect(formatPace(run, 0.982)).toBe("96/min  quota 98 %  10 minutes left");
  expect(formatPace({ ...run, rate_per_minute: null }, null)).toBe("");
  expect(formatPace({ ...run, is_selected: false, counts: { ...run.counts, read: 50 } }, null)).toBe(
    "selecting, 50 read",
  );
});

it("what is spent is told from what has ended since the first look", () => {
  const use = new QuotaUse({ limits: [{ calls: 120, window_ms: 60_000 }], bulk_share: 0.8 });
  expect(use.look(runOf({}, { changed: 500 }), 0)).toBeNull();
  expect(use.look(runOf({}, { changed: 524 }), 60_000)).toBe(0.5);
  expect(new QuotaUse(null).look(runOf(), 1)).toBeNull();
});

describe("the exit code", () => {
  const codes: [string, Partial<RunStatus>, Partial<RunStatus["counts"]>, number][] = [
    ["0 when all is done, skips and all", { state: "done" }, { changed: 1, skipped: { merged: 1 } }, 0],
    ["1 when some failed", { state: "done" }, { changed: 1, failed: { not_found: 1 } }, 1],
    ["1 when it failed or was cancelled", { state: "failed", reason: "no permission" }, {}, 1],
    ["1 when it paused itself", { state: "paused", reason: "5 % failed" }, {}, 1],
    ["4 when somebody paused it", { state: "paused" }, {}, 4],
    ["4 while it goes on", { state: "running" }, {}, 4],
  ];
  it.each(codes)("is %s", (_, run, counts, code) => {
    expect(exitCodeOfRun(runOf(run, counts))).toBe(code);
  });
});

it("names what can be done next", () => {
  expect(formatNext(runOf()).join("\n")).toContain("To come back: defender-actions bulk status r1 --follow");
  expect(formatNext(runOf({ state: "paused" })).join("\n")).toContain("defender-actions bulk resume r1");
  const done = formatNext(runOf({ state: "done" }, { changed: 1, failed: { throttled: 1 } })).join("\n");
  for (const verb of ["report", "retry-failed", "undo"])
    expect(done).toContain(`defender-actions bulk ${verb} r1`);
  expect(done).not.toContain("cancel");
});

it("shows a run whole, and lets no text of others drive the terminal", () => {
  const run = runOf(
    { case_id: "4711\u001b[2J", owner: "ada" },
    { selected: 10, changed: 4, waiting: 6, read: 10 },
  );
  expect(formatRun(run)).toContain("Run r1: running");
  expect(formatRun(run)).toContain("case 4711\\u001b[2J, owner ada");
  expect(formatRun({ ...run, state: "paused", reason: "6 of 30 failed" })).toContain(
    "paused (6 of 30 failed)",
  );
  const waiting = { for: "paused", by: "ada", why: "frozen\u001b[2J" } as const;
  expect(formatRun({ ...run, waiting })).toContain("running (waits: paused by ada: frozen\\u001b[2J)");
  expect(formatPace({ ...run, waiting }, 0.5)).toBe("paused by ada: frozen\\u001b[2J");
});

it("shows an outcome in a line", () => {
  const of = (more: object) =>
    formatOutcome(outcomeSchema.parse({ id: "29", at: "2026-11-24T08:00:00Z", ...more }));
  expect(of({ result: "changed", before: { status: "active" }, after: { status: "resolved" } })).toBe(
    "29        changed  status: active → resolved",
  );
  expect(of({ result: "skipped", reason: "merged", message: "into 31\u001b" })).toBe(
    "29        skipped (merged)  into 31\\u001b",
  );
  expect(of({ result: "failed", code: "not_found" })).toBe("29        failed (not_found)");
});

it("totals say so when they do not add up", () => {
  const good = { ...NONE, selected: 3, changed: 1, waiting: 1, in_hand: 1 };
  expect(endedOf(good)).toBe(1);
  expect(formatTotals({ counts: good })).toMatch(/^3 selected: changed 1,/);
  expect(formatTotals({ counts: { ...good, waiting: 0 } })).toMatch(/^3 selected \(they add up to 2\)/);
});
