/** Bulk runs, with the audit trail told of what begins and steers them. A draft changes nothing and is nobody's deed. */
import type { Verb } from "../../src/audit/entry.ts";
import type { Witness } from "../../src/audit/witness.ts";
import type { RunStatus } from "../../src/bulk/run.ts";
import type { Bulk } from "./bulk.ts";

export function witnessed(bulk: Bulk, witness: Witness): Bulk {
  const steer = (verb: Verb, runId: string, act: (runId: string) => Promise<RunStatus>) =>
    witness.see({ verb, run_id: runId }, () => act(runId), describe);
  return {
    ...bulk,
    start: (runId, options) => steer("bulk_start", runId, () => bulk.start(runId, options)),
    pause: (runId) => steer("bulk_pause", runId, bulk.pause),
    resume: (runId) => steer("bulk_resume", runId, bulk.resume),
    cancel: (runId) => steer("bulk_cancel", runId, bulk.cancel),
    retryFailed: (runId) => steer("bulk_retry_failed", runId, bulk.retryFailed),
  };
}

function describe(run: RunStatus) {
  const { case_id, instance, requested_by, kind, undoes, selection, change, limit, counts } = run;
  return {
    case_id,
    instance,
    requested_by,
    input: { kind, undoes, selection, change, limit, selected: counts.selected },
  };
}
