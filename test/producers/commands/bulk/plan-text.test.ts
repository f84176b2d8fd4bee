/** A dry run as people read it. */
import { describe, expect, it } from "vitest";
import { formatPlan, toPlanJson } from "../../../../producers/commands/bulk/plan-text.ts";
import type { RunPlan } from "../../../../src/bulk/plan.ts";
import { type RunStatus, runStatusSchema } from "../../../../src/bulk/run.ts";
import { whereSchema } from "../../../../src/bulk/selection.ts";
import { specOf } from "../../../bulk/opened-runs.ts";

const QUOTA = { limits: [{ calls: 120, window_ms: 60_000 }], bulk_share: 0.8 };
const PLAN: RunPlan = {
  is_complete: true,
  changes: [{ field: "status", from: "active", to: "resolved", count: 1_200 }],
  sample: [
    {
      id: "29",
      displayName: "Phishing \u001b[2J",
      url: null,
      before: { status: "active", customTags: ["a"] },
      after: { status: "resolved", customTags: ["a"] },
    },
  ],
  unchanged: 40,
  read: 1_240,
  looked_at: 1_240,
};

function runOf(more: Partial<RunStatus> = {}, counts: Partial<RunStatus["counts"]> = {}): RunStatus {
  return runStatusSchema.parse({
    ...specOf(),
    ...{ state: "selecting", reason: null, is_draft: true, is_selected: true, rate_per_minute: null },
    ...{ created_at: "2026-11-24T08:00:00.000Z", started_at: null, ended_at: null },
    ...more,
    counts: {
      ...{
        read: 1_240,
        selected: 1_240,
        changed: 0,
        unchanged: 0,
        skipped: {},
        failed: {},
        waiting: 0,
        in_hand: 0,
      },
      ...counts,
    },
  });
}
const planned = (run = runOf(), plan = PLAN, notes: Parameters<typeof formatPlan>[1] = { repeated: 0 }) =>
  formatPlan({ run, plan, quota: QUOTA }, notes, 80);

it("counts by current and new value, shows some, and says what it costs", () => {
  const text = planned();
  expect(text).toMatch(/^Re-classification: 1,240 incidents selected\nAlready as asked: 40/);
  expect(text).toMatch(/│ status\s+│ active\s+│ resolved\s+│ 1,200\s+│/);
  expect(text).toMatch(/│ 29\s+│ Phishing \\u001b\[2J\s+│ status: active → resolved\s+│/);
  expect(text).not.toContain("customTags");
  expect(text).toContain("Calls: about 2,440 (1,240 to look again, 1,200 to write)");
  expect(text).toContain(
    "Duration: 25 minutes at the least, at 96 calls a minute (80 % of the quota of default)",
  );
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
});

describe("says", () => {
  it("how many were read for what Graph does not filter by", () => {
    const where = whereSchema.parse({ title_contains: "phish" });
    const run = runOf({ selection: { kind: "filter", where, filter: null } }, { read: 9_000 });
    expect(planned(run)).toContain("Read for that: 9,000, for Graph does not filter by title and tag");
    expect(planned()).not.toContain("Read for that");
  });

  it("how many ids were given twice, and that only some were looked at", () => {
    const text = planned(runOf(), { ...PLAN, looked_at: 50, unchanged: 0 }, { repeated: 3 });
    expect(text).toContain("Given more than once: 3, each taken once");
    expect(text).toContain("Looked at: the first 50; what follows counts only those");
  });

  it("that nobody knows the quota", () => {
    const text = formatPlan({ run: runOf(), plan: PLAN, quota: null }, { repeated: 0 }, 80);
    expect(text).toContain("Duration: not known, for no worker has told the quota of default");
  });

  it("the comment, as a template", () => {
    const run = runOf({ change: { ...specOf().change, comment: "Closed: {displayName}" } });
    expect(planned(run)).toContain("Comment on each that is changed: Closed: {displayName}");
  });

  it("what an undo cannot do, and which incidents it leaves out", () => {
    const remains = {
      fixed: 21,
      fixed_sample: [{ id: "7", before: { classification: null } }],
      only_comment: 2,
      unread: 3,
    };
    const text = planned(runOf({ kind: "undo", undoes: "r0" }), PLAN, { repeated: 0, remains });
    expect(text).toMatch(/^Undo of run r0: 1,240 incidents selected/);
    expect(text).toContain("remove comments, reopen alerts, part incidents that were merged");
    expect(text).toContain("Only commented on by run r0: 2 incidents, left out");
    expect(text).toMatch(
      /no empty status.*: 21 incidents\n {2}7 {2}before: classification none\n {2}and 20 more/,
    );
  });
});

it("is the same for programs", () => {
  expect(
    toPlanJson({ run: runOf({}, { selected: 6_000 }), plan: PLAN, quota: QUOTA }, { repeated: 1 }),
  ).toMatchObject({
    selected: 6_000,
    repeated: 1,
    unchanged: 40,
    changes: PLAN.changes,
    calls: { reads: 6_000, writes: 5_806 },
    estimated_ms: 122 * 60_000,
    refused: expect.stringContaining("expect 6000"),
  });
});
