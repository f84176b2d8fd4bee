import { expect, it } from "vitest";
import type { FailedJob } from "../../../producers/client.ts";
import { planRetry } from "../../../producers/commands/retry-plan.ts";
import { FAILED as JOB } from "./failed-job.ts";

const UNKNOWN: Partial<FailedJob> = { code: "outcome_unknown", retryable: false };
const BAD: Partial<FailedJob> = { code: "invalid_input", retryable: false };

it("takes jobs in the order they were accepted, whatever the order they failed in", () => {
  const later = { ...JOB, jobId: "j2", enqueuedAt: "2026-03-18T10:00:00.001Z" };
  const { retry, skipped } = planRetry([later, JOB], { isNamed: false });
  expect(retry).toEqual([JOB, later]);
  expect(skipped).toEqual([]);
});

it.each<[string, Partial<FailedJob>, Parameters<typeof planRetry>[1], string | null]>([
  ["may succeed later", {}, { isNamed: false }, null],
  ["would fail the same way", BAD, { isNamed: false }, "--code invalid_input"],
  ["would fail the same way, under another code", BAD, { isNamed: false, code: "conflict" }, "--code"],
  [
    "would fail the same way, but its code is asked for",
    BAD,
    { isNamed: false, code: "invalid_input" },
    null,
  ],
  ["would fail the same way, but is named", BAD, { isNamed: true }, null],
  ["says itself that it may succeed", { ...BAD, retryable: true }, { isNamed: false }, null],
  ["was taken back", { code: "cancelled" }, { isNamed: false }, "somebody took it back"],
  ["was taken back, but is named", { code: "cancelled" }, { isNamed: true }, null],
  ["may have run since", { hasResult: false }, { isNamed: false, code: "throttled" }, "may have run since"],
  ["may have run since, but is named", { hasResult: false }, { isNamed: true }, null],
  ["is not ours", { hasArguments: false }, { isNamed: true }, "not a job of ours"],
  ["may have been done", UNKNOWN, { isNamed: true, code: "outcome_unknown" }, "defender-actions settle j1"],
])("a job that %s", (_what, change, asked, reason) => {
  const { retry, skipped } = planRetry([{ ...JOB, ...change }], asked);
  expect([retry.length, skipped.length]).toEqual(reason === null ? [1, 0] : [0, 1]);
  if (reason !== null) expect(skipped[0]?.reason).toContain(reason);
});
