/** Writes results. Every write of a worker names its generation and run, and is refused once they are stale. */
import { z } from "zod";
import type { Note } from "../contract/define-action.ts";
import { Failure } from "../contract/failure.ts";
import type { Findings, ResultStatus, Waiting } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";
import { type CaseKeys, caseKeys, type JobRef } from "./keys.ts";
import { type Head, headSchema } from "./record.ts";
import * as scripts from "./scripts.ts";

/** Who writes: a job, the generation it was enqueued as, and the run that the worker was given. */
export interface Fence extends JobRef {
  generation: number;
  run: number;
}

export interface Creation {
  head: Head;
  inputHash: string;
  expiresInMs: number;
  /** How long the record outlives its job's expiry. */
  keepMs: number;
  /** Other than 1 only for a job whose record was lost. */
  generation?: number;
}

export type Created =
  | { verdict: "conflict" }
  | {
      verdict: "created" | "same";
      status: ResultStatus;
      generation: number;
      enqueuedMs: number;
      expiresMs: number;
      head: Head;
    };

export type Started =
  | { verdict: "missing" | "stale" | "final" }
  | {
      verdict: "run";
      run: number;
      attempts: number;
      isOver: boolean;
      nowMs: number;
      expiresMs: number;
      note: Note | null;
      notedAtMs: number;
    };

export interface Verdict {
  status: "completed" | "failed";
  findings: Findings;
  attempts: number;
  /** Key of the rows that `saveRows` wrote, and how many of them are shown inline. */
  rows?: { key: string; inlineRows: number };
}

const createdSchema = z.union([
  z.tuple([z.literal("conflict")]),
  z.tuple([
    z.enum(["created", "same"]),
    z.enum(["queued", "running", "completed", "failed"]),
    z.coerce.number(),
    z.coerce.number(),
    z.coerce.number(),
    z.string(),
  ]),
]);
const startedSchema = z.union([
  z.tuple([z.enum(["missing", "stale", "final"])]),
  z.tuple([
    z.literal("run"),
    z.coerce.number(),
    z.coerce.number(),
    z.number(),
    z.coerce.number(),
    z.coerce.number(),
    z.string(),
    z.coerce.number(),
  ]),
]);
const noteSchema = z.record(z.string(), z.unknown());

export class ResultStore {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** Creates the record, or says what is there: it decides whether an idempotency key is the same job. */
  async create(creation: Creation): Promise<Created> {
    const { head, inputHash, expiresInMs, keepMs, generation = 1 } = creation;
    const keys = caseKeys(this.#prefix, head.case_id);
    const ref = { caseId: head.case_id, jobId: head.job_id };
    const args = [inputHash, JSON.stringify(head), expiresInMs, keepMs, generation, keys.record("")];
    const reply = createdSchema.parse(await this.#run(scripts.create, keys, ref, args));
    if (reply[0] === "conflict") return { verdict: "conflict" };
    const [verdict, status, raised, enqueuedMs, expiresMs, found] = reply;
    return {
      verdict,
      status,
      generation: raised,
      enqueuedMs,
      expiresMs,
      head: headSchema.parse(JSON.parse(found)),
    };
  }

  /** The hash of the input that a job was created with; null when there is no such job. */
  async inputHashOf(ref: JobRef): Promise<string | null> {
    return await this.#redis.hget(this.#keys(ref).record(ref.jobId), "hash");
  }

  /** Takes the record for a new run, whose number it gives. */
  async start(ref: JobRef, generation: number): Promise<Started> {
    const reply = startedSchema.parse(await this.#run(scripts.start, this.#keys(ref), ref, [generation]));
    if (reply[0] !== "run") return { verdict: reply[0] };
    const [verdict, run, attempts, isOver, nowMs, expiresMs, note, notedAtMs] = reply;
    return {
      verdict,
      run,
      attempts,
      isOver: isOver === 1,
      nowMs,
      expiresMs,
      note: note === "" ? null : noteSchema.parse(JSON.parse(note)),
      notedAtMs,
    };
  }

  /** The last look before a call leaves; throws `cancelled`, `expired` or, for a stale run, `conflict`. */
  async send(fence: Fence, note: Note | null): Promise<void> {
    const verdict = await this.#fenced(scripts.send, fence, [note === null ? "" : JSON.stringify(note)]);
    if (verdict === "ok") return;
    if (verdict === "cancelled") throw new Failure("cancelled", "the job was cancelled before it was sent");
    if (verdict === "expired") throw new Failure("expired", "the job expired before it was sent");
    throw new Failure("conflict", "another worker has taken over this job");
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#fenced(scripts.withdraw, fence, []);
  }

  /** True when the wait was noted; false when this run is stale. */
  async wait(
    fence: Fence,
    status: "queued" | "running",
    waiting: Waiting | null,
    attempts: number,
  ): Promise<boolean> {
    return (await this.#fenced(scripts.wait, fence, [status, JSON.stringify(waiting), attempts])) === 1;
  }

  /** Writes pages of rows under a key of this run's own; returns the key for `finish`. */
  async saveRows(fence: Fence, pages: readonly Uint8Array[], keepMs: number): Promise<string> {
    const key = this.#keys(fence).rows(fence.jobId, fence.generation, fence.run);
    for (const [number, page] of pages.entries())
      await this.#redis.hset(key, String(number), Buffer.from(page));
    await this.#redis.pexpire(key, keepMs);
    return key;
  }

  /** True when the verdict is now the result; false when this run is stale or the job is already final. */
  async finish(fence: Fence, verdict: Verdict, keepMs: number): Promise<boolean> {
    return await this.#finish(fence, String(fence.run), verdict, keepMs);
  }

  /** Ends a job that no run can end any more, such as one that stalled too often. */
  async abandon(ref: JobRef, generation: number, verdict: Verdict, keepMs: number): Promise<boolean> {
    return await this.#finish({ ...ref, generation, run: 0 }, "", verdict, keepMs);
  }

  /** Null when there is no such job. */
  async cancel(ref: JobRef, findings: Findings): Promise<{ cancelled: boolean; sent: boolean } | null> {
    const reply = await this.#run(scripts.cancel, this.#keys(ref), ref, [JSON.stringify(findings)]);
    const [cancelled, sent] = z.tuple([z.number(), z.number()]).parse(reply);
    return cancelled === -1 ? null : { cancelled: cancelled === 1, sent: sent === 1 };
  }

  async #finish(fence: Fence, run: string, verdict: Verdict, keepMs: number): Promise<boolean> {
    const { status, findings, attempts, rows } = verdict;
    const args = [
      fence.generation,
      run,
      status,
      JSON.stringify(findings),
      findings.error?.code ?? "",
      keepMs,
      attempts,
      rows?.key ?? "",
      rows?.inlineRows ?? 0,
    ];
    return (await this.#run(scripts.finish, this.#keys(fence), fence, args)) === 1;
  }

  #fenced(script: typeof scripts.send, fence: Fence, args: readonly (string | number)[]): Promise<unknown> {
    return this.#run(script, this.#keys(fence), fence, [fence.generation, fence.run, ...args]);
  }

  #keys(ref: JobRef): CaseKeys {
    return caseKeys(this.#prefix, ref.caseId);
  }

  #run(
    script: typeof scripts.send,
    keys: CaseKeys,
    ref: JobRef,
    args: readonly (string | number)[],
  ): Promise<unknown> {
    return script(this.#redis, [keys.record(ref.jobId), keys.jobs, keys.changes], [ref.jobId, ...args]);
  }
}
