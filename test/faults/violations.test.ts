/** The judge is judged: each broken promise is named, and whole evidence passes. */
import { describe, expect, it } from "vitest";
import type { Result } from "../../producers/client.ts";
import { resultSchema } from "../../src/contract/result.ts";
import type { Evidence } from "./evidence.ts";
import { type Allowance, findViolations } from "./violations.ts";

const RESULT: Result = resultSchema.parse({
  v: 1,
  case_id: "4711",
  job_id: "j1",
  action: "add_comment_to_incident",
  instance: "default",
  status: "completed",
  is_success: true,
  output_message: "Done.",
  enqueued_at: "2026-03-18T10:30:00.000Z",
  expires_at: "2026-03-18T11:30:00.000Z",
  cursor: "1",
});
const COMMENT = {
  caseId: "4711",
  jobId: "j1",
  action: "add_comment_to_incident" as const,
  input: { incident_id: 29, comment: "contained" },
};
const UPDATE = {
  caseId: "4711",
  jobId: "j2",
  action: "update_incident" as const,
  input: { incident_id: 29, assign_to: "ada@contoso.com" },
};
const ARRIVAL = {
  timeMs: 0,
  lane: "incidents",
  method: "PATCH",
  path: "/security/incidents/29",
  status: 200,
  rejected: false,
};
const SENT = { timeMs: 1, kind: "comment", incidentId: "29", what: "contained\n\n[ref 7KQ2M9XA]" };
const PATCHED = { timeMs: 2, kind: "patch", incidentId: "29", what: { assignedTo: "ada@contoso.com" } };

const WHOLE: Evidence = {
  jobs: [
    { accepted: COMMENT, result: RESULT, final: RESULT },
    { accepted: UPDATE, result: { ...RESULT, job_id: "j2" } },
  ],
  ledger: { arrivals: [ARRIVAL], effects: [SENT, PATCHED] },
  incidents: { 29: { assignedTo: "ada@contoso.com" } },
  unfinished: [],
  turns: [],
  logs: [JSON.stringify({ level: "info", event: "job.completed", msg: "job completed" })],
  redis: "{}",
  clientSecret: "canary~Secret",
};
const FAILED: Result = {
  ...RESULT,
  status: "failed",
  error: {
    code: "expired",
    message: "too late",
    retryable: true,
    http_status: null,
    graph_code: null,
    request_id: null,
    hint: null,
  },
};
const EMPTY = { arrivals: [], effects: [] };
const NOT_SENT: Partial<Evidence> = { jobs: [{ accepted: COMMENT, result: FAILED }], ledger: EMPTY };
const warning = JSON.stringify({ level: "warn", event: "worker.error", msg: "worker error" });

it("finds nothing when every promise held", () => {
  expect(findViolations(WHOLE)).toEqual([]);
});

describe("names", () => {
  it.each<[string, string, Partial<Evidence>, Allowance?]>([
    ["a job that nobody knows", "lost: ", { jobs: [{ accepted: UPDATE, result: null }] }],
    [
      "a job that is not over",
      "not over: ",
      { jobs: [{ accepted: COMMENT, result: { ...RESULT, status: "running" } }] },
    ],
    ["a failure that nothing explains", "failed: ", NOT_SENT],
    ["a failure other than those expected", "failed: ", NOT_SENT, { failures: ["throttled"] }],
    [
      "a result that changed after it was final",
      "rewritten: ",
      { jobs: [{ accepted: COMMENT, result: { ...RESULT, cursor: "2" }, final: RESULT }] },
    ],
    [
      "a comment that is there twice",
      "twice: add_comment",
      { ledger: { ...WHOLE.ledger, effects: [SENT, SENT, PATCHED] } },
    ],
    [
      "an update that was made twice",
      "twice: update_incident",
      { ledger: { ...WHOLE.ledger, effects: [SENT, PATCHED, PATCHED] } },
    ],
    ["a success without an effect", "claimed: ", { ledger: { ...WHOLE.ledger, effects: [PATCHED] } }],
    [
      "a failure that had its effect",
      "denied: ",
      { jobs: [{ accepted: COMMENT, result: FAILED }] },
      { failures: ["expired"] },
    ],
    [
      "an incident that is not as the last update said",
      "order: ",
      { incidents: { 29: { assignedTo: "ben@contoso.com" } } },
    ],
    [
      "a window with too many calls",
      "quota: 2 calls",
      { ledger: { ...WHOLE.ledger, arrivals: [ARRIVAL, { ...ARRIVAL, timeMs: 900 }] } },
      { limits: [{ lane: "incidents", calls: 1, windowMs: 1_000 }] },
    ],
    [
      "a call that the quota refused",
      "throttled: ",
      { ledger: { ...WHOLE.ledger, arrivals: [{ ...ARRIVAL, rejected: true }] } },
    ],
    [
      "a job that is still on a queue",
      "left over: ",
      { unfinished: ["defender-default-incidents: 1 active"] },
    ],
    ["a turn that nobody gave back", "left over: ", { turns: ["{incident-default-29}:turns"] }],
    [
      "a secret in the log",
      "secret: ",
      { logs: [JSON.stringify({ level: "info", event: "x", msg: "canary~Secret" })] },
    ],
    ["a token in Redis", "secret: ", { redis: "simulated.abc" }],
    ["a warning that nothing explains", "unexplained: ", { logs: [warning] }],
    ["a line that is no event, such as a stack", "unexplained: ", { logs: ["    at run (file.js:1:1)"] }],
  ])("%s", (_what, says, change, allowance) => {
    const violations = findViolations({ ...WHOLE, ...change }, allowance);
    expect(violations).toEqual([expect.stringContaining(says)]);
  });
});

it("lets pass what the test provokes", () => {
  const evidence = { ...WHOLE, ...NOT_SENT, logs: [warning] };
  expect(findViolations(evidence, { failures: ["expired"], events: ["worker.error"] })).toEqual([]);
});
