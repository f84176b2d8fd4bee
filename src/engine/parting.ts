/** Records the end of jobs that no run could end: payloads that do not parse, and jobs that killed their workers. */
import { findAction } from "../actions/catalog.ts";
import { Failure } from "../contract/failure.ts";
import type { Job } from "../contract/job.ts";
import { readForeign } from "../queue/foreign.ts";
import type { QueuedJob } from "../queue/turns.ts";
import type { ResultStore } from "../results/store.ts";
import type { Order } from "./execute.ts";
import { failedFindings } from "./findings.ts";

export class Parting {
  readonly #store: ResultStore;
  readonly #order: Order;
  readonly #resultTtlMs: number;
  readonly #tell: (caseId: string) => Promise<void>;

  constructor(
    store: ResultStore,
    order: Order,
    resultTtlMs: number,
    tell: (caseId: string) => Promise<void>,
  ) {
    this.#store = store;
    this.#order = order;
    this.#resultTtlMs = resultTtlMs;
    this.#tell = tell;
  }

  /** Without a case id there is no place for a result: the failed job on the board is then all there is. */
  async badPayload(data: unknown, name: string, place: QueuedJob, failure: Failure): Promise<void> {
    const { case_id, instance, generation, ...said } = readForeign(data);
    if (case_id === null) return;
    const job_id = said.job_id ?? place.queueJobId;
    await this.#store.create({
      head: {
        v: 1,
        case_id,
        job_id,
        action: name,
        instance,
        priority: "interactive",
        requested_by: null,
        caller: null,
        alert_group_identifiers: [],
        scope: "All entities",
      },
      inputHash: "",
      expiresInMs: 1,
      keepMs: this.#resultTtlMs,
      generation,
    });
    const findings = failedFindings(null, failure);
    await this.#store.abandon(
      { caseId: case_id, jobId: job_id },
      generation,
      { status: "failed", findings, attempts: 1 },
      this.#resultTtlMs,
    );
    await this.#tell(case_id);
  }

  /** Ends a job that no run brought to an end, and gives the failure that it ends with; null when it was over already. */
  async giveUp(job: Job, why: string, place: QueuedJob): Promise<Failure | null> {
    const action = findAction(job.action);
    const ref = { caseId: job.case_id, jobId: job.job_id };
    const open = await this.#store.openWriteOf(ref);
    const failure =
      open === null
        ? new Failure("internal_error", `the job was given up: ${why}`)
        : new Failure("outcome_unknown", `a write was sent and never verified: ${why}`);
    const findings = failedFindings(action, failure, { evidence: open });
    const verdict = { status: "failed", findings, attempts: 1 } as const;
    const isWritten = await this.#store.abandon(ref, job.generation, verdict, this.#resultTtlMs);
    const input = action.input.safeParse(job.input);
    if (action.effect === "write" && input.success) {
      await this.#order.leave({ instance: job.instance, incidentId: action.incidentOf(input.data) }, place);
    }
    return isWritten ? failure : null;
  }
}
