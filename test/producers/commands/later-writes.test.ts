import { expect, it } from "vitest";
import type { FailedJob, Result } from "../../../producers/client.ts";
import { findLaterWrites } from "../../../producers/commands/later-writes.ts";
import { planRetry } from "../../../producers/commands/retry-plan.ts";
import { resultSchema } from "../../../src/contract/result.ts";
import { FAILED } from "./failed-job.ts";

const LATER: Result = resultSchema.parse({
  v: 1,
  case_id: "4712",
  job_id: "j2",
  action: "update_incident",
  instance: "default",
  status: "completed",
  enqueued_at: "2026-03-18T10:00:01.000Z",
  expires_at: "2026-03-18T11:30:00.000Z",
  cursor: "1",
});

async function plan(failed: Partial<FailedJob>, result: Partial<Result>, isNamed = false) {
  const jobs = [{ ...FAILED, ...failed }];
  const asked: string[] = [];
  const client = {
    async resultsForIncident(incidentId: string, { instance = "default" } = {}) {
      asked.push(`${instance} ${incidentId}`);
      return [{ ...LATER, ...result }];
    },
  };
  const { retry, skipped } = planRetry(jobs, { isNamed }, await findLaterWrites(client, jobs));
  return { asked, isRetried: retry.length === 1, reason: skipped[0]?.reason };
}

it("an update that a later one has overtaken is not asked for again, and the later one is named", async () => {
  const { asked, isRetried, reason } = await plan({}, {});
  expect(isRetried).toBe(false);
  expect(reason).toMatch(/^job j2 of case 4712 has written to incident 29 since, which would be undone/);
  expect(asked).toEqual(["default 29"]);
});

it.each<[string, Partial<FailedJob>, Partial<Result>]>([
  ["the other one was accepted before it", {}, { enqueued_at: "2026-03-18T09:59:59.000Z" }],
  ["the other one has not written", {}, { status: "failed" }],
  ["the other one only added a comment", {}, { action: "add_comment_to_incident" }],
  ["it only adds a comment itself", { action: "add_comment_to_incident" }, {}],
  ["it writes to no incident", { action: "execute_query", incidentId: null }, {}],
])("a job is asked for again when %s", async (_when, failed, result) => {
  expect(await plan(failed, result)).toMatchObject({ isRetried: true });
});

it("a job that is named is asked for again all the same", async () => {
  expect(await plan({}, {}, true)).toMatchObject({ isRetried: true });
});
