/** The pipe as the API server uses it: one set of connections for all callers, each of whom sees its own jobs. */
import { Trail } from "../../src/audit/trail.ts";
import type { RedisConfig } from "../../src/config.ts";
import { toFailure } from "../../src/contract/failure.ts";
import type { Result } from "../../src/contract/result.ts";
import { ErrorLog } from "../../src/error-log.ts";
import type { Log } from "../../src/log.ts";
import { type Cancellation, Canceller } from "../../src/queue/cancel.ts";
import { connectProducer, connectWorker } from "../../src/queue/connection.ts";
import { type Enqueued, Enqueuer } from "../../src/queue/enqueue.ts";
import { Queues } from "../../src/queue/queues.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { ResultReader, type RowsPage } from "../../src/results/reader.ts";
import { follow, unknownJob, waitFor } from "../../src/results/wait.ts";
import { ChangeWatch } from "../../src/results/watch.ts";
import { type Caller, demandRun, forbidden } from "./caller.ts";
import { SharedReader } from "./shared-reader.ts";

/** So that a caller hears of an outage within three seconds. */
const PATIENCE_MS = 2_000;

export class Pipe {
  readonly trail: Trail;
  readonly #redis: RedisClient;
  readonly #queues: Queues;
  readonly #enqueuer: Enqueuer;
  readonly #canceller: Canceller;
  readonly #prefix: string;
  readonly #watch: ChangeWatch;
  readonly #readers = new WeakMap<Caller, { reader: ResultReader; shared: SharedReader }>();

  constructor(config: RedisConfig, log: Log) {
    const errors = new ErrorLog(log);
    const onError = (err: Error): void => errors.warn({ event: "redis.error", err }, "Redis connection");
    this.#redis = connectProducer(config, { name: "defender-api", patienceMs: PATIENCE_MS, onError });
    this.#queues = new Queues(this.#redis, config);
    this.#enqueuer = new Enqueuer(this.#redis, config, this.#queues);
    this.#canceller = new Canceller(this.#redis, config, this.#queues);
    this.#prefix = config.prefix;
    this.trail = new Trail({
      redis: this.#redis,
      prefix: config.prefix,
      onLost: (error) =>
        log.error({ event: "audit.lost", err: toFailure(error) }, "the audit trail cannot be written"),
    });
    this.#watch = new ChangeWatch(connectWorker(config, { name: "defender-api-watch" }), config.prefix);
  }

  /** What stands in the way: null for nothing. */
  async ping(): Promise<string | null> {
    return (await this.#redis.ping()) === "PONG" ? null : "no PONG";
  }

  async enqueue(caller: Caller, request: JobRequest): Promise<Enqueued> {
    demandRun(caller, request.action, request.options?.instance ?? "default");
    return await this.#enqueuer.enqueue(ownedBy(caller, request));
  }

  async enqueueMany(caller: Caller, requests: readonly JobRequest[]): Promise<Enqueued[]> {
    for (const { action, options } of requests) demandRun(caller, action, options?.instance ?? "default");
    return await this.#enqueuer.enqueueMany(requests.map((request) => ownedBy(caller, request)));
  }

  /** Throws `not_found`, or `permission_denied` in a case in which the caller has no job. */
  async result(caller: Caller, job: JobRef): Promise<Result> {
    const { reader } = this.#of(caller);
    const result = await reader.result(job);
    if (result !== null) return result;
    if (caller.isBound) await this.resultsForCase(caller, job.caseId);
    throw unknownJob(job);
  }

  /** Oldest first. To a caller with bounds, a case without a job of its own is refused, whether it exists or not. */
  async resultsForCase(caller: Caller, caseId: string): Promise<Result[]> {
    const results = await this.#of(caller).reader.resultsForCase(caseId);
    if (results.length > 0 || !caller.isBound) return results;
    throw forbidden(`token ${caller.name}: has no job in the case ${JSON.stringify(caseId)} that it may see`);
  }

  /** The final result, or a `WaitTimeout` when the time is up or the signal ends it. */
  async waitFor(caller: Caller, job: JobRef, timeoutMs: number, signal: AbortSignal): Promise<Result> {
    const { reader } = this.#of(caller);
    const now = await this.result(caller, job);
    if (now.status === "completed" || now.status === "failed") return now;
    return await waitFor(reader, this.#watch, job, timeoutMs, signal);
  }

  /** Every change after the cursor, until the signal ends it. The case is asked for first: see `resultsForCase`. */
  follow(caller: Caller, caseId: string, after: string, signal: AbortSignal): AsyncGenerator<Result, void> {
    return follow(this.#of(caller).shared, this.#watch, caseId, { after, signal });
  }

  async rows(caller: Caller, job: JobRef, page: { offset: number; limit: number }): Promise<RowsPage> {
    const found = await this.#of(caller).reader.rows(job, page);
    if (found === null) throw unknownJob(job);
    return found;
  }

  async cancel(caller: Caller, job: JobRef): Promise<Cancellation> {
    const { action, instance } = await this.result(caller, job);
    demandRun(caller, action, instance);
    return await this.#canceller.cancel(job);
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.#queues.close();
    await this.trail.flush();
    this.#redis.disconnect();
  }

  #of(caller: Caller): { reader: ResultReader; shared: SharedReader } {
    const known = this.#readers.get(caller);
    if (known !== undefined) return known;
    const reader = new ResultReader(this.#redis, this.#prefix, caller.sees);
    const readers = { reader, shared: new SharedReader(reader) };
    this.#readers.set(caller, readers);
    return readers;
  }
}

function ownedBy({ name }: Caller, request: JobRequest): JobRequest {
  return name === null ? request : { ...request, caller: name };
}
