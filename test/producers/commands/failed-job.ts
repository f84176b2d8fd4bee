/** A failed job as the commands get it. */
import type { FailedJob } from "../../../producers/client.ts";

export const FAILED: FailedJob = {
  jobId: "j1",
  caseId: "4711",
  action: "update_incident",
  instance: "default",
  priority: "interactive",
  requestedBy: null,
  incidentId: "29",
  code: "throttled",
  message: "the quota is spent",
  retryable: true,
  failedAt: "2026-03-18T10:30:00.000Z",
  enqueuedAt: "2026-03-18T10:00:00.000Z",
  hasResult: true,
  hasArguments: true,
};
