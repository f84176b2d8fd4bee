/** Writes results. Every write of a worker names its generation and run, and is refused once they are stale. */
import type { Note, OpenWrite } from "../contract/define-action.ts";
import type { Findings, WaitReason } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";
import { type CaseKeys, caseKeys, type JobRef } from "./keys.ts";
import { summaryOf } from "./outbox.ts";
import { type Head, headSchema } from "./record.ts";
import {
  type Cancelled,
  type Created,
  cancelReply,
  createdReply,
  noteSchema,
  type SendVerdict,
  type Started,
  sendReply,
  startedReply,
} from "./replies.ts";
import { type RowMemory, RowSets } from "./row-sets.ts";
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
  /** A person wants the write tried again whose outcome is unknown in this generation; the remarks stay with the new one. */
  settlement?: Settlement | undefined;
  /** Writes are off now: then the result of a dry run is a result. Default false. */
  isDryRun?: boolean;
}

export interface Settlement {
  generation: number;
  remarks: readonly string[];
}

export interface Wait {
  for: WaitReason;
  delayMs: number;
}

export interface Verdict {
  status: "completed" | "failed";
  findings: Findings;
  attempts: number;
  /** Gzipped pages, at least one, and how many of their rows are shown inline. A set that is too big for all is not kept. */
  rows?: { pages: readonly Uint8Array[]; inlineRows: number };
}

export class ResultStore {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #isTold: () => Promise<boolean>;
  readonly #rowSets: RowSets;

  /** `isTold`: whether final results are put into their case's outbox, for the webhook; default never. */
  constructor(
    redis: RedisClient,
    prefix: string,
    isTold: () => Promise<boolean> = async () => false,
    rowMemory?: RowMemory,
  ) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#isTold = isTold;
    this.#rowSets = new RowSets(redis, prefix, rowMemory);
  }

  /** Creates the record, or says what is there: it decides whether an idempotency key is the same job. */
  async create(creation: Creation): Promise<Created> {
    const { head, inputHash, expiresInMs, keepMs, generation = 1, settlement, isDryRun = false } = creation;
    const keys = caseKeys(this.#prefix, head.case_id);
    const ref = { caseId: head.case_id, jobId: head.job_id };
    const args = [
      inputHash,
      JSON.stringify(head),
      expiresInMs,
      keepMs,
      generation,
      keys.record(""),
      settlement?.generation ?? "",
      settlement === undefined ? "" : JSON.stringify(settlement.remarks),
      isDryRun ? 1 : 0,
    ];
    const reply = createdReply.parse(await this.#run(scripts.create, keys, ref, args));
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

  /** What was noted of a write whose outcome is open; null when there is none. */
  async openWriteOf(ref: JobRef): Promise<OpenWrite | null> {
    const [note, sentAt] = await this.#redis.hmget(this.#keys(ref).record(ref.jobId), "note", "note_ms");
    if (note == null || sentAt == null) return null;
    return { note: noteSchema.parse(JSON.parse(note)), sentAtMs: Number(sentAt), nowMs: Number(sentAt) };
  }

  /** Takes the record for a new run, whose number it gives. */
  async start(ref: JobRef, generation: number): Promise<Started> {
    const reply = startedReply.parse(await this.#run(scripts.start, this.#keys(ref), ref, [generation]));
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

  /** The last look before a call leaves. `note` is kept for the next attempt; null for a read. */
  async send(fence: Fence, note: Note | null): Promise<SendVerdict> {
    const text = note === null ? "" : JSON.stringify(note);
    const [verdict, nowMs] = sendReply.parse(await this.#fenced(scripts.send, fence, [text]));
    return { verdict, nowMs };
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#fenced(scripts.withdraw, fence, []);
  }

  /** True when the wait (null: for a free worker) was noted; false when this run is stale. */
  async wait(
    fence: Fence,
    status: "queued" | "running",
    waiting: Wait | null,
    attempts: number,
  ): Promise<boolean> {
    const args = [status, waiting?.for ?? "", Math.ceil(waiting?.delayMs ?? 0), attempts];
    return (await this.#fenced(scripts.wait, fence, args)) === 1;
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
  async cancel(ref: JobRef, findings: Findings): Promise<Cancelled | null> {
    const args = [JSON.stringify(findings), await this.#summarize("failed", findings)];
    const reply = cancelReply.parse(await this.#run(scripts.cancel, this.#keys(ref), ref, args));
    if (reply === null) return null;
    const [cancelled, sent, generation, head] = reply;
    return {
      cancelled: cancelled === 1,
      sent: sent === 1,
      generation,
      head: headSchema.parse(JSON.parse(head)),
    };
  }

  /** Ends a job whose outcome is unknown as done. False when it is not, or no more, in this generation. */
  async settle(ref: JobRef, generation: number, findings: Findings, keepMs: number): Promise<boolean> {
    const summary = await this.#summarize("completed", findings);
    const args = [generation, JSON.stringify(findings), keepMs, summary];
    return (await this.#run(scripts.settle, this.#keys(ref), ref, args)) === 1;
  }

  async #finish(fence: Fence, run: string, verdict: Verdict, keepMs: number): Promise<boolean> {
    const { status, findings, attempts, rows } = verdict;
    const keys = this.#keys(fence);
    const rowsKey = keys.rows(fence.jobId, fence.generation, fence.run);
    const pages = [...(rows?.pages ?? [])].map((page) => Buffer.from(page));
    const bytes = pages.reduce((sum, page) => sum + page.length, 0);
    const isKept = pages.length > 0 && (await this.#rowSets.admit(rowsKey, bytes, keepMs));
    const lastPage = isKept ? [pages.length - 1, ...pages.splice(-1)] : [];
    if (isKept)
      for (const [number, page] of pages.entries())
        await scripts.savePage(this.#redis, [rowsKey], [number, page, keepMs]);
    const args = [
      fence.generation,
      run,
      status,
      JSON.stringify(findings),
      findings.error?.code ?? (findings.reason === "dry_run" ? "dry_run" : ""),
      keepMs,
      attempts,
      rows?.inlineRows ?? 0,
      await this.#summarize(status, findings),
      rows === undefined || isKept ? 0 : 1,
      ...lastPage,
    ];
    const isWritten = (await this.#run(scripts.finish, keys, fence, args, isKept ? [rowsKey] : [])) === 1;
    if (isKept && !isWritten) await this.#rowSets.discard(rowsKey);
    return isWritten;
  }

  async #summarize(status: Verdict["status"], findings: Findings): Promise<string> {
    return (await this.#isTold()) ? JSON.stringify(summaryOf(status, findings)) : "";
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
    args: readonly (string | number | Buffer)[],
    moreKeys: readonly string[] = [],
  ): Promise<unknown> {
    const all = [keys.record(ref.jobId), keys.jobs, keys.changes, keys.outbox, ...moreKeys];
    return script(this.#redis, all, [ref.jobId, ...args]);
  }
}
