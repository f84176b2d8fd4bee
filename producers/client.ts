/** The client that a SOAR embeds: enqueue, wait, read, cancel, and see to what failed. It holds no Defender code and no credential. */
import type { ActionInput, ActionName } from "../src/actions/catalog.ts";
import { Trail } from "../src/audit/trail.ts";
import { Witness } from "../src/audit/witness.ts";
import { toFailure } from "../src/contract/failure.ts";
import type { Result } from "../src/contract/result.ts";
import { Canceller } from "../src/queue/cancel.ts";
import { connectProducer, connectWorker } from "../src/queue/connection.ts";
import { type Enqueued, Enqueuer } from "../src/queue/enqueue.ts";
import { Eraser, type Erasure } from "../src/queue/erase.ts";
import type { FailedFilter } from "../src/queue/failed-filter.ts";
import type { FailedJob, FailedJobDetails } from "../src/queue/failed-job.ts";
import { FailedJobs, type JobTarget } from "../src/queue/failed-jobs.ts";
import { type GivenUp, type GivenUpFilter, listGivenUp } from "../src/queue/given-up.ts";
import { Queues } from "../src/queue/queues.ts";
import type { EnqueueOptions, JobRequest } from "../src/queue/request.ts";
import { Retrier } from "../src/queue/retry.ts";
import { Settler } from "../src/queue/settle.ts";
import type { Settled, SettleOptions } from "../src/queue/settlement.ts";
import type { JobRef } from "../src/results/keys.ts";
import { ResultReader, type RowsPage } from "../src/results/reader.ts";
import { follow, unknownJob, waitFor } from "../src/results/wait.ts";
import { ChangeWatch } from "../src/results/watch.ts";
import { aboutRequest, describeCancellation, describeJob } from "./asked.ts";
import { witnessed } from "./bulk/audit.ts";
import { type Bulk, openBulk } from "./bulk/bulk.ts";

export type { ActionInput, ActionName } from "../src/actions/catalog.ts";
export type { RunPlan } from "../src/bulk/plan.ts";
export type { Outcome, RunStatus } from "../src/bulk/run.ts";
export { Failure, type FailureCode, type FailureRecord } from "../src/contract/failure.ts";
export type { Result } from "../src/contract/result.ts";
export type { Enqueued } from "../src/queue/enqueue.ts";
export type { Erasure } from "../src/queue/erase.ts";
export type { FailedFilter } from "../src/queue/failed-filter.ts";
export type { Evidence, FailedJob, FailedJobDetails } from "../src/queue/failed-job.ts";
export type { JobTarget } from "../src/queue/failed-jobs.ts";
export type { GivenUp, GivenUpFilter } from "../src/queue/given-up.ts";
export type { EnqueueOptions, JobRequest } from "../src/queue/request.ts";
export type { Settled, SettleOptions } from "../src/queue/settlement.ts";
export type { JobRef } from "../src/results/keys.ts";
export type { RowsPage } from "../src/results/reader.ts";
export { WaitTimeout } from "../src/results/wait.ts";
export { joinTraces } from "../src/trace/start.ts";
export type { Bulk, Draft, DraftLook, UndoDraft } from "./bulk/bulk.ts";
export type { ReclassifyRequest, RunOptions } from "./bulk/request.ts";

export interface ClientOptions {
  /** One URL, several hosts allowed: `redis://user:password@host:6379,host:6379/0`; `rediss://` for TLS. */
  redisUrl: string;
  /** Default `defender`. */
  queuePrefix?: string;
  /** For jobs that name none; default `default`. */
  instance?: string;
  /** Default `single`. */
  redisMode?: "single" | "sentinel" | "cluster";
  redisSentinelName?: string;
  /** Who uses it, for the audit trail. */
  caller?: string;
  /** By which way, for the audit trail; default `client`. */
  via?: "client" | "cli" | "mcp";
}

/** One request of a batch; the input is typed by the action's name. */
export type ActionRequest = {
  [Name in ActionName]: { action: Name; input: ActionInput<Name>; options?: EnqueueOptions };
}[ActionName];

export interface Client {
  /** Rejects with a Failure: `invalid_input` before anything reaches Redis, `conflict` for a key used with other input. */
  enqueue<Name extends ActionName>(
    action: Name,
    input: ActionInput<Name>,
    options?: EnqueueOptions,
  ): Promise<Enqueued>;
  /** The same for an action and input that are known only at run time, such as JSON from outside. */
  submit(request: JobRequest): Promise<Enqueued>;
  /** All or none; a refusal names its index. Writes to one incident keep the order of the list. */
  enqueueMany(requests: readonly ActionRequest[]): Promise<Enqueued[]>;
  /** The final result, failed ones too. Rejects when the time is up, and when there is no such job. */
  waitForResult(job: JobRef, options: { timeoutMs: number }): Promise<Result>;
  /** Null when the job is not known. */
  result(job: JobRef): Promise<Result | null>;
  /** All results of a case, oldest first. */
  resultsForCase(caseId: string): Promise<Result[]>;
  /** Results that concern an incident, over all cases, oldest first; of the client's instance unless one is named. */
  resultsForIncident(incidentId: string, options?: { instance?: string }): Promise<Result[]>;
  /** Every change from `after` (a result's cursor) on; last states are never left out. Ends with the signal. */
  followCase(
    caseId: string,
    options?: { after?: string; signal?: AbortSignal },
  ): AsyncGenerator<Result, void>;
  /** Rows of a query's answer beyond those in `json_result`. Rejects with `not_found` when they are not kept any more (`rows_expired`). */
  rows(job: JobRef, page: { offset: number; limit: number }): Promise<RowsPage>;
  /** `cancelled`: it will not be sent (again); `sent`: something had been sent already. */
  cancel(job: JobRef): Promise<{ cancelled: boolean; sent: boolean }>;
  /**
   * Erases texts and rows of a case: of its results, and of the jobs that the queue still keeps. Names, states and what tells a repeated
   * request stay. Jobs that are not over, and writes whose outcome is unknown, are left alone. Needs the rights of an operator in Redis.
   */
  eraseCase(caseId: string): Promise<Erasure>;
  /** Jobs of all instances that failed for good, newest first, read by page as the loop goes on. */
  failed(filter?: FailedFilter): AsyncGenerator<FailedJob, void>;
  /** Final results that the webhook was not told of, newest first, read by page as the loop goes on. */
  givenUp(filter?: GivenUpFilter): AsyncGenerator<GivenUp, void>;
  /** All that is known of a failed job, its arguments included. `not_found` for none, `conflict` for one that has not failed. */
  failedJob(job: JobTarget): Promise<FailedJobDetails>;
  /**
   * Asks for a failed job again, behind the writes that its incident has by now, whatever it failed of. Rejects with
   * `conflict` when it has not failed (any more) or when the outcome of its write is unknown: then `settle` it first.
   */
  retry(job: JobTarget): Promise<Enqueued>;
  /**
   * Says what became of a write that ended as `outcome_unknown`: `done` makes its result a success; `retry` has the next
   * run look for it once more, and send it if it is not there. Of two at once, one is rejected with `conflict`.
   */
  settle(job: JobTarget, options: SettleOptions): Promise<Settled>;
  /** Runs over many incidents: re-classification, and its undo. */
  readonly bulk: Bulk;
  close(): Promise<void>;
}

/** Connects lazily; a Redis that is away rejects each call within seconds. */
export function createClient({
  redisUrl,
  queuePrefix = "defender",
  instance,
  redisMode = "single",
  redisSentinelName,
  caller,
  via = "client",
}: ClientOptions): Client {
  const config = {
    url: redisUrl,
    prefix: queuePrefix,
    mode: redisMode,
    sentinelName: redisSentinelName ?? null,
  };
  const redis = connectProducer(config, { name: "defender-client" });
  const queues = new Queues(redis, config);
  const trail = new Trail({ redis, prefix: queuePrefix, onLost: warnOnce() });
  const witness = new Witness(trail, { via, caller: caller ?? null });
  const enqueuer = new Enqueuer(redis, config, queues);
  const canceller = new Canceller(redis, config, queues);
  const eraser = new Eraser(redis, config, queues);
  const reader = new ResultReader(redis, queuePrefix);
  const failedJobs = new FailedJobs(redis, config, queues);
  const retrier = new Retrier(redis, config, queues);
  const settler = new Settler(redis, config, queues);
  let watch: ChangeWatch | undefined;
  const watching = (): ChangeWatch => {
    watch ??= new ChangeWatch(connectWorker(config, { name: "defender-client-watch" }), queuePrefix);
    return watch;
  };
  const withInstance = (options: EnqueueOptions = {}): EnqueueOptions => ({
    ...options,
    instance: options.instance ?? instance,
  });

  const submit = async (given: JobRequest): Promise<Enqueued> => {
    const request = { ...given, options: withInstance(given.options) };
    return await witness.see(aboutRequest(request), () => enqueuer.enqueue(request), describeJob);
  };

  return {
    enqueue: (action, input, options) => submit({ action, input, options }),
    submit,
    async enqueueMany(given) {
      const requests = given.map((each) => ({ ...each, options: withInstance(each.options) }));
      return await witness.seeAll(
        requests.map(aboutRequest),
        () => enqueuer.enqueueMany(requests),
        describeJob,
      );
    },
    waitForResult: (job, { timeoutMs }) => waitFor(reader, watching(), job, timeoutMs),
    result: (job) => reader.result(job),
    resultsForCase: (caseId) => reader.resultsForCase(caseId),
    resultsForIncident: (incidentId, options = {}) =>
      reader.resultsForIncident(options.instance ?? instance ?? "default", incidentId),
    followCase: (caseId, options = {}) => follow(reader, watching(), caseId, options),
    async rows(job, page) {
      const found = await reader.rows(job, page);
      if (found === null) throw unknownJob(job);
      return found;
    },
    cancel: (job) =>
      witness.see({ verb: "cancel", ...aboutJob(job) }, () => canceller.cancel(job), describeCancellation),
    eraseCase: (caseId) =>
      witness.see(
        { verb: "erase", case_id: caseId },
        () => eraser.eraseCase(caseId),
        () => ({}),
      ),
    failed: (filter) => failedJobs.list(filter),
    givenUp: (filter) => listGivenUp(redis, queues, filter),
    failedJob: (job) => failedJobs.details(job),
    retry: (job) => witness.see({ verb: "retry", ...aboutJob(job) }, () => retrier.retry(job), describeJob),
    settle: (job, options) =>
      witness.see(
        {
          verb: "settle",
          ...aboutJob(job),
          requested_by: options.by,
          input: { as: options.as, note: options.note },
        },
        () => settler.settle(job, options),
        ({ caseId }) => ({ case_id: caseId }),
      ),
    bulk: witnessed(openBulk(redis, config, queues), witness),
    async close() {
      watch?.close();
      await queues.close();
      await trail.flush();
      redis.disconnect();
    },
  };
}

function aboutJob({ jobId, caseId }: JobTarget) {
  return { job_id: jobId, ...(caseId == null ? {} : { case_id: caseId }) };
}

/** What was asked for is done; that it could not be taken down is for whoever runs this process. */
function warnOnce(): (error: unknown) => void {
  let hasWarned = false;
  return (error) => {
    if (hasWarned) return;
    hasWarned = true;
    process.emitWarning(`the audit trail cannot be written: ${toFailure(error).message}`);
  };
}
