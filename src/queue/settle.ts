/** A person says what became of a write whose outcome is unknown. */
import { z } from "zod";
import type { RedisConfig } from "../config.ts";
import { describeInvalid, Failure } from "../contract/failure.ts";
import { refusing } from "../contract/refusal.ts";
import { findingsSchema, type IncidentRef, type Result } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";
import { ResultReader } from "../results/reader.ts";
import { ResultStore } from "../results/store.ts";
import { type Evidence, requestedIncident } from "./failed-job.ts";
import { FailedJobs, type FoundJob, type JobTarget } from "./failed-jobs.ts";
import { FailedSet } from "./failed-set.ts";
import { findInstance } from "./instances.ts";
import type { Queues } from "./queues.ts";
import { forget, Retrier } from "./retry.ts";

export const SETTLEMENTS = ["done", "retry"] as const;

export interface SettleOptions {
  /** `done`: it is in Defender. `retry`: it is not; the next run looks once more, and sends if it is not there. */
  as: (typeof SETTLEMENTS)[number];
  /** Who says so. */
  by?: string | undefined;
  /** Why. */
  note?: string | undefined;
}

export interface Settled {
  jobId: string;
  caseId: string;
  as: SettleOptions["as"];
  /** How the job stands now; null when its result had expired. */
  result: Result | null;
}

const TEXTS = "text of 1 to 1000 characters";
const text = z.string(refusing(TEXTS)).trim().min(1, refusing(TEXTS)).max(1_000, refusing(TEXTS));
const optionsSchema = z.strictObject({
  as: z.enum(SETTLEMENTS, refusing(SETTLEMENTS.join(", "))),
  by: text.optional(),
  note: text.optional(),
});

export class Settler {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #queues: Queues;
  readonly #store: ResultStore;
  readonly #reader: ResultReader;
  readonly #failedJobs: FailedJobs;
  readonly #retrier: Retrier;

  constructor(redis: RedisClient, config: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#redis = redis;
    this.#prefix = config.prefix;
    this.#queues = queues;
    this.#store = new ResultStore(redis, config.prefix);
    this.#reader = new ResultReader(redis, config.prefix);
    this.#failedJobs = new FailedJobs(redis, config, queues);
    this.#retrier = new Retrier(redis, config, queues);
  }

  /**
   * Of several people one is heard, and the others get `conflict`, as does whoever names a job that failed otherwise.
   * `not_found` for an unknown job; `invalid_input` for other options.
   */
  async settle(target: JobTarget, given: SettleOptions): Promise<Settled> {
    const options = optionsSchema.safeParse(given);
    if (!options.success) throw new Failure("invalid_input", describeInvalid(options.error));
    const found = await this.#failedJobs.find(target);
    const { jobId, caseId, code } = found.job;
    if (code !== "outcome_unknown" || caseId === null) {
      throw new Failure(
        "conflict",
        `job ${JSON.stringify(jobId)} failed as ${code}; only a write whose outcome is unknown can be settled`,
        { hint: `To ask for it again: defender-actions retry ${jobId}` },
      );
    }
    const evidence = await this.#failedJobs.evidenceOf(found);
    if (options.data.as === "done") await this.#close(found, { caseId, jobId }, options.data, evidence);
    else {
      const generation = found.standing?.generation ?? found.payload?.generation ?? 1;
      await this.#retrier.again(found, { generation, remarks: remarksOf(options.data, evidence) });
    }
    const result = await this.#reader.result({ caseId, jobId });
    return { jobId, caseId, as: options.data.as, result };
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
      isFirst = await this.#store.settle(ref, standing.generation, findings, resultTtlMs);
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
