/** Accepts jobs: check, record, turn, queue, in this order, so that a repeat after a crash in between completes the rest. */
import type { RedisConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import type { Job } from "../contract/job.ts";
import { reach } from "../fault-point.ts";
import type { RedisClient } from "../redis-script.ts";
import type { Head } from "../results/record.ts";
import type { Created } from "../results/replies.ts";
import { ResultStore, type Settlement } from "../results/store.ts";
import { activeTraceparent, traced } from "../trace/tracer.ts";
import { findInstance, type Published } from "./instances.ts";
import { queueFor, queueJobId } from "./names.ts";
import { JOB_OPTIONS } from "./options.ts";
import type { Queues } from "./queues.ts";
import { type CheckedJob, checkRequest, type JobRequest } from "./request.ts";
import { type QueuedJob, Turns } from "./turns.ts";

export interface Enqueued {
  jobId: string;
  caseId: string;
  action: string;
  /** True when the idempotency key was seen before: nothing new was queued. */
  deduplicated: boolean;
}

interface RecordedJob {
  checked: CheckedJob;
  created: Exclude<Created, { verdict: "conflict" }>;
  place: QueuedJob;
  keepMs: number;
  answer: Enqueued;
}

/** `before`: somebody else has asked since; `not failed`: its result is no failure. */
export type AskedAgain = "now" | "before" | "not failed";

export class Enqueuer {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #queues: Queues;
  readonly #store: ResultStore;
  readonly #turns: Turns;

  constructor(redis: RedisClient, { prefix }: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#queues = queues;
    this.#store = new ResultStore(redis, prefix);
    this.#turns = new Turns(redis, prefix);
  }

  /** Throws `invalid_input` before anything reaches Redis, and `conflict` for a key that was used with other input. */
  async enqueue(request: JobRequest): Promise<Enqueued> {
    return (await this.#accept(checkRequest(request))).answer;
  }

  /**
   * Asks once more for a job that failed, as a new generation, and tells whether that is what it now is. Throws `conflict`
   * when the outcome of its write is unknown, unless the settlement is for just that generation.
   */
  async again(job: Job, settlement?: Settlement): Promise<AskedAgain> {
    const { action, input, priority, instance, traceparent, requested_by: requestedBy, caller } = job;
    const checked = checkRequest({
      action,
      input,
      options: { priority, instance, traceparent, requestedBy },
      caller,
    });
    const hash = await this.#store.inputHashOf({ caseId: job.case_id, jobId: job.job_id });
    const same = { ...checked, head: { ...checked.head, job_id: job.job_id } };
    const { created } = await this.#accept(
      { ...same, inputHash: hash ?? checked.inputHash },
      job.generation + 1,
      settlement,
    );
    if (created.status === "failed") throw unsettled(job.job_id);
    if (created.verdict === "created") return "now";
    return created.generation > job.generation ? "before" : "not failed";
  }

  /** All or none: every request is checked before the first is accepted; a refusal names its index. Order is kept. */
  async enqueueMany(requests: readonly JobRequest[]): Promise<Enqueued[]> {
    const jobs = await eachNamed(requests, async (request) => checkRequest(request));
    const ready = await eachNamed(jobs, async (checked) => ({
      checked,
      defaults: await this.#defaultsOf(checked),
    }));
    const batch = new Map<string, string>();
    await eachNamed(jobs, (checked) => this.#refuseConflict(checked, batch));
    const records = await eachNamed(ready, ({ checked, defaults }) => this.#record(checked, defaults));
    for (const record of records) await this.#takeTurn(record);
    await Promise.all(records.map((record) => tracedFor(record.checked, () => this.#add(record))));
    return records.map(({ answer }) => answer);
  }

  async #accept(checked: CheckedJob, generation?: number, settlement?: Settlement): Promise<RecordedJob> {
    return await tracedFor(checked, async () => {
      const record = await this.#record(checked, await this.#defaultsOf(checked), generation, settlement);
      reach("after-record");
      await this.#takeTurn(record);
      reach("after-turn");
      await this.#add(record);
      return record;
    });
  }

  async #defaultsOf({ head }: CheckedJob): Promise<Published> {
    return await findInstance(this.#redis, this.#prefix, head.instance);
  }

  /** `batch`: the input hashes of the jobs before it, for a key may also be used twice in one batch. */
  async #refuseConflict({ head, inputHash }: CheckedJob, batch: Map<string, string>): Promise<void> {
    const inBatch = batch.get(head.job_id);
    batch.set(head.job_id, inBatch ?? inputHash);
    const known = inBatch ?? (await this.#store.inputHashOf({ caseId: head.case_id, jobId: head.job_id }));
    if (known !== null && known !== inputHash) throw conflict(head);
  }

  async #record(
    checked: CheckedJob,
    { jobExpiresAfterMs, resultTtlMs, isDryRun = false }: Published,
    generation = 1,
    settlement?: Settlement,
  ): Promise<RecordedJob> {
    const { action, head, inputHash, options } = checked;
    const expiresInMs = options.expiresInMs ?? jobExpiresAfterMs;
    const created = await this.#store.create({
      head,
      inputHash,
      expiresInMs,
      keepMs: resultTtlMs,
      generation,
      settlement,
      isDryRun,
    });
    if (created.verdict === "conflict") throw conflict(head);
    const queue = queueFor(action, created.head.instance, created.head.priority);
    return {
      checked,
      created,
      place: { queue, queueJobId: queueJobId(head.job_id, created.generation) },
      keepMs: expiresInMs + resultTtlMs,
      answer: {
        jobId: head.job_id,
        caseId: head.case_id,
        action: head.action,
        deduplicated: created.verdict === "same",
      },
    };
  }

  async #takeTurn({ checked: { action, input }, created, place, keepMs }: RecordedJob): Promise<void> {
    if (created.status !== "queued" || action.effect !== "write") return;
    const { instance, case_id: caseId, job_id: jobId } = created.head;
    const incident = { instance, incidentId: action.incidentOf(action.input.parse(input)) };
    await this.#turns.accept(incident, place, keepMs, { caseId, jobId });
  }

  /** Added again by every repeat while the record is queued, for a producer may have died before this line. */
  async #add({ checked: { input, options }, created, place }: RecordedJob): Promise<void> {
    if (created.status !== "queued") return;
    const { head, generation, enqueuedMs, expiresMs } = created;
    // Kept, so that whoever asks for the job again stays in its trace.
    const traceparent = options.traceparent ?? activeTraceparent();
    const job: Job = {
      v: 1,
      job_id: head.job_id,
      case_id: head.case_id,
      action: head.action,
      instance: head.instance,
      priority: head.priority,
      generation,
      input,
      enqueued_at: new Date(enqueuedMs).toISOString(),
      expires_at: new Date(expiresMs).toISOString(),
      ...(head.requested_by === null ? {} : { requested_by: head.requested_by }),
      ...(head.caller === null ? {} : { caller: head.caller }),
      ...(traceparent === null ? {} : { traceparent }),
    };
    if (created.verdict === "created" && options.idempotencyKey !== undefined)
      await this.#queues.forgetFinished(place);
    await this.#queues.get(place.queue).add(head.action, job, {
      ...JOB_OPTIONS,
      jobId: place.queueJobId,
      // What a worker's spans belong to, also when this process has none of its own.
      ...(traceparent === null ? {} : { telemetry: { metadata: JSON.stringify({ traceparent }) } }),
    });
  }
}

function tracedFor<T>({ head, options }: CheckedJob, work: () => Promise<T>): Promise<T> {
  const attributes = {
    "defender.action": head.action,
    "defender.case.id": head.case_id,
    "defender.job.id": head.job_id,
    "defender.instance": head.instance,
    "defender.priority": head.priority,
  };
  return traced(`enqueue ${head.action}`, { parent: options.traceparent, attributes }, work);
}

/** Of several who ask at once, all but the first are told so. */
export function askedMeanwhile(jobId: string): Failure {
  return new Failure("conflict", `job ${JSON.stringify(jobId)} was asked for again, or settled, meanwhile`);
}

/** Whether it was done is for a person to say, who can see the incident. */
export function unsettled(jobId: string): Failure {
  return new Failure("conflict", `job ${JSON.stringify(jobId)}: the outcome of its write is unknown`, {
    hint: `Look at the incident in Defender, and say what became of it: defender-actions settle ${jobId}`,
  });
}

function conflict(head: Head): Failure {
  const inCase = `case ${JSON.stringify(head.case_id)}`;
  return new Failure(
    "conflict",
    `idempotencyKey: given one that was used in ${inCase} with other input, or by another caller`,
    {
      hint: "Use a key of its own for every request.",
    },
  );
}

/** Runs a step for every item; of those that fail, the first one's failure is thrown, with its index in front. */
async function eachNamed<T, R>(items: readonly T[], step: (item: T) => Promise<R>): Promise<R[]> {
  const outcomes = await Promise.allSettled(items.map(step));
  return outcomes.map((outcome, index) => {
    if (outcome.status === "fulfilled") return outcome.value;
    const reason: unknown = outcome.reason;
    if (!(reason instanceof Failure)) throw reason;
    const { code, message, details } = reason;
    const faults = details.faults?.map((fault) => ({ ...fault, field: `[${index}].${fault.field}` }));
    throw new Failure(code, `[${index}] ${message}`, faults === undefined ? details : { ...details, faults });
  });
}
