/** The one result of a run under its case id: there from its start, with its counts at its end. */
import { createHash } from "node:crypto";
import { failedOf, RUN_ACTION, type RunStatus, summaryId } from "../../bulk/run.ts";
import type { RunReading } from "../../bulk/run-record.ts";
import { Failure, failureCodeSchema } from "../../contract/failure.ts";
import { type Findings, findingsSchema } from "../../contract/result.ts";
import type { ResultStore } from "../../results/store.ts";

export class Summaries {
  readonly #store: Pick<ResultStore, "create" | "start" | "send" | "finish">;
  readonly #tell: (caseId: string) => Promise<void>;
  /** Begun by this process. */
  readonly #begun = new Set<string>();

  /** `tell`: of a case that has a final result, for the webhook. */
  constructor(
    store: Pick<ResultStore, "create" | "start" | "send" | "finish">,
    tell: (caseId: string) => Promise<void>,
  ) {
    this.#store = store;
    this.#tell = tell;
  }

  async begin(reading: RunReading): Promise<void> {
    const jobId = jobIdOf(reading);
    if (this.#begun.has(jobId)) return;
    const created = await this.#create(reading);
    if (created.verdict !== "conflict" && created.status === "queued") {
      const fence = await this.#start(reading);
      // Sent: what steers a run is its own commands, so its result can't be cancelled.
      if (fence !== null) await this.#store.send(fence, null);
    }
    this.#begun.add(jobId);
  }

  /** Of a run that is over. May be repeated: what is written stays. */
  async finish(reading: RunReading): Promise<void> {
    await this.begin(reading);
    const fence = await this.#start(reading);
    const { status, findings } = verdictOf(reading.status);
    if (fence !== null) await this.#store.finish(fence, { status, findings, attempts: 1 }, reading.keepMs);
    await this.#tell(reading.status.case_id);
    this.#begun.delete(jobIdOf(reading));
  }

  async #create(reading: RunReading) {
    const { status, keepMs } = reading;
    return await this.#store.create({
      head: {
        v: 1,
        case_id: status.case_id,
        job_id: jobIdOf(reading),
        action: RUN_ACTION,
        instance: status.instance,
        priority: "bulk",
        requested_by: status.requested_by,
        caller: null,
        alert_group_identifiers: [],
        scope: "All entities",
      },
      inputHash: createHash("sha256").update(status.run_id).digest("hex"),
      expiresInMs: keepMs,
      keepMs,
    });
  }

  async #start(reading: RunReading) {
    const ref = { caseId: reading.status.case_id, jobId: jobIdOf(reading) };
    const started = await this.#store.start(ref, 1);
    return started.verdict === "run" ? { ...ref, generation: 1, run: started.run } : null;
  }
}

function jobIdOf({ status, round }: RunReading): string {
  return summaryId(status.run_id, round);
}

function verdictOf(run: RunStatus): { status: "completed" | "failed"; findings: Findings } {
  const { run_id, state, reason, counts } = run;
  const failed = failedOf(counts);
  const result = { json_result: { run_id, state, reason, counts } };
  if (state === "done") {
    const message = `Bulk run ${run_id}: ${counts.changed} of ${counts.selected} incidents changed, ${failed} failed`;
    const findings = findingsSchema.parse({ ...result, is_success: failed === 0, output_message: message });
    return { status: "completed", findings };
  }
  const failure = state === "cancelled" ? cancelled(run) : selectionFailure(reason);
  const error = failure.toRecord();
  return {
    status: "failed",
    findings: findingsSchema.parse({ ...result, output_message: failure.message, error }),
  };
}

function cancelled({ run_id, counts }: RunStatus): Failure {
  return new Failure(
    "cancelled",
    `bulk run ${run_id} was cancelled with ${counts.waiting} incidents waiting`,
  );
}

/** Why a run failed is kept as `code: message`. */
export function reasonOf(failure: Failure): string {
  return `${failure.code}: ${failure.message}`;
}

function selectionFailure(reason: string | null): Failure {
  const [code, ...message] = (reason ?? "").split(": ");
  const known = failureCodeSchema.safeParse(code);
  return new Failure(known.data ?? "internal_error", known.success ? message.join(": ") : (reason ?? ""));
}
