/** A person says what became of a write whose outcome is unknown. */
import type { RedisConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import { findingsSchema, type IncidentRef } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";
import { ResultReader } from "../results/reader.ts";
import { ResultStore } from "../results/store.ts";
import { Deliveries, isWebhookSet } from "./deliveries.ts";
import { type Evidence, requestedIncident } from "./failed-job.ts";
import { FailedJobs, type FoundJob, type JobTarget } from "./failed-jobs.ts";
import { FailedSet } from "./failed-set.ts";
import { findInstance } from "./instances.ts";
import type { Queues } from "./queues.ts";
import { forget, Retrier } from "./retry.ts";
import { checkSettlement, nothingToSettle, type Settled, type SettleOptions } from "./settlement.ts";

export class Settler {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #queues: Queues;
  readonly #store: ResultStore;
  readonly #reader: ResultReader;
  readonly #failedJobs: FailedJobs;
  readonly #retrier: Retrier;
  readonly #deliveries: Deliveries;

  constructor(redis: RedisClient, config: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#redis = redis;
    this.#prefix = config.prefix;
    this.#queues = queues;
    this.#store = new ResultStore(redis, config.prefix, () => isWebhookSet(redis, config.prefix));
    this.#reader = new ResultReader(redis, config.prefix);
    this.#failedJobs = new FailedJobs(redis, config, queues);
    this.#retrier = new Retrier(redis, config, queues);
    this.#deliveries = new Deliveries(redis, config.prefix, queues);
  }

  /**
   * Of several people one is heard, and the others get `conflict`, as does whoever names a job that failed otherwise.
   * `not_found` for an unknown job; `invalid_input` for other options.
   */
  async settle(target: JobTarget, given: SettleOptions): Promise<Settled> {
    const options = checkSettlement(given);
    const found = await this.#failedJobs.find(target);
    const { jobId, caseId, code } = found.job;
    if (code !== "outcome_unknown" || caseId === null) throw nothingToSettle(found.job);
    const evidence = await this.#failedJobs.evidenceOf(found);
    if (options.as === "done") await this.#close(found, { caseId, jobId }, options, evidence);
    else {
      const generation = found.standing?.generation ?? found.payload?.generation ?? 1;
      await this.#retrier.again(found, { generation, remarks: remarksOf(options, evidence) });
    }
    const result = await this.#reader.result({ caseId, jobId });
    return { jobId, caseId, as: options.as, result };
  }

  async #take({ entry }: FoundJob): Promise<boolean> {
    if (entry === null) return false;
    return await new FailedSet(this.#redis, this.#queues.get(entry.queue.name)).take(entry.queueJobId);
  }

  async #close(
    found: FoundJob,
    ref: { caseId: string; jobId: string },
    options: SettleOptions,
    evidence: Evidence | null,
  ): Promise<void> {
    const { standing, job } = found;
    let isFirst: boolean;
    if (standing === null) {
      // There is no result left to correct: what remains is BullMQ's job, and whoever takes it away was first.
      isFirst = await this.#take(found);
    } else {
      const { resultTtlMs } = await findInstance(this.#redis, this.#prefix, job.instance);
      const [message = "", ...warnings] = remarksOf(options, evidence);
      const findings = findingsSchema.parse({
        is_success: true,
        output_message: message,
        warnings: [...warnings, ...standing.result.warnings],
        incident: standing.result.incident ?? incidentOf(evidence, found),
      });
      // No worker comes by a job that is settled, to tell of it when this process dies after the next line.
      await this.#deliveries.tellLater(ref.caseId);
      isFirst = await this.#store.settle(ref, standing.generation, findings, resultTtlMs);
      await this.#deliveries.tell(ref.caseId);
      if (isFirst) await forget(found, this.#queues);
    }
    if (!isFirst) {
      throw new Failure(
        "conflict",
        `job ${JSON.stringify(ref.jobId)} was settled by somebody else meanwhile`,
      );
    }
  }
}

/** Who settled it as what, and the evidence, for the result. */
function remarksOf({ as, by, note }: SettleOptions, evidence: Evidence | null): string[] {
  const verdict = as === "done" ? "Settled as done" : "Settled as to be tried again";
  const settled = `${verdict} by ${by ?? "a person who gave no name"}${note === undefined ? "." : `: ${note}`}`;
  if (evidence === null) return [settled];
  return [
    settled,
    `A write was sent at ${evidence.sentAt}, and what became of it could not be verified: ${JSON.stringify(evidence.sent)}`,
  ];
}

function incidentOf(evidence: Evidence | null, { payload }: FoundJob): IncidentRef | null {
  if (evidence?.incidentId == null) return null;
  const { incidentId: id, incidentUrl: url } = evidence;
  return { id, requested_id: requestedIncident(payload) ?? id, url };
}
