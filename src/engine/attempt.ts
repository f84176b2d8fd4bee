/** Lets an action do its work once, and remembers a write that left and was not clearly answered. */

import type { Trail } from "../audit/trail.ts";
import type {
  Action,
  ActionContext,
  ActionSettings,
  Note,
  OpenWrite,
  Outcome,
} from "../contract/define-action.ts";
import { describeInvalid, Failure, toFailure } from "../contract/failure.ts";
import type { Job, Lane } from "../contract/job.ts";
import type { CallEnd, DefenderConnection, OutgoingCall, QueryProblem } from "../contract/ports.ts";
import { reach } from "../fault-point.ts";
import { expiredFailure } from "../results/record.ts";
import type { Started } from "../results/replies.ts";
import type { Fence, ResultStore } from "../results/store.ts";
import { answerEntry, isAudited, sendEntry, verifyEntry } from "./call-entries.ts";
import { markDryRun } from "./dry-run.ts";
import { referenceOf } from "./reference.ts";
import type { Ended } from "./ruling.ts";

export type Running = Extract<Started, { verdict: "run" }>;

/** A configured instance, as an action sees it. */
export interface InstanceAccess {
  connection: DefenderConnection;
  lanes: readonly Lane[];
  /** No write leaves; results say so. */
  isDryRun: boolean;
  /** Throws a Failure when somebody has paused such calls. */
  refuseStopped(call: { lane: Lane | "ping"; write: boolean }): Promise<void>;
}

export interface AttemptTools {
  store: Pick<ResultStore, "send" | "withdraw">;
  instance(name: string): InstanceAccess;
  settings: ActionSettings;
  checkQuery(kql: string, signal: AbortSignal): Promise<readonly QueryProblem[] | null>;
  trail: Pick<Trail, "append" | "note">;
}

export interface Attempt {
  ended: Ended;
  /** What was noted of a write whose outcome is open. */
  openWrite: OpenWrite | null;
  /** Another run has taken the job over: nothing may be written any more. */
  isStale: boolean;
}

/** Never rejects for what the action does; only when Redis does. */
export async function attempt(
  job: Job,
  action: Action,
  fence: Fence,
  started: Running,
  tools: AttemptTools,
  signal: AbortSignal,
): Promise<Attempt> {
  const { store, settings, trail } = tools;
  let openWrite: OpenWrite | null =
    started.note === null ? null : { note: started.note, sentAtMs: started.notedAtMs, nowMs: started.nowMs };
  let isStale = false;
  let pending: Note | null = null;

  async function look(note: Note | null): Promise<void> {
    if (note !== null) reach("before-note");
    const { verdict, nowMs } = await store.send(fence, note);
    if (verdict === "stale") isStale = true;
    if (verdict === "cancelled") throw new Failure("cancelled", "the job was cancelled before it was sent");
    if (verdict === "expired") throw expiredFailure(started.expiresMs);
    if (verdict === "stale") throw new Failure("cancelled", "another run has taken over this job");
    if (note === null) return;
    openWrite = { note, sentAtMs: nowMs, nowMs };
    reach("after-note");
  }

  async function beforeSend(call: OutgoingCall): Promise<void> {
    const { write } = call;
    if (write && pending === null)
      throw new Failure("internal_error", "a write was about to leave without a note");
    if (write || action.effect === "read") await look(pending);
    // Last of all: what cannot be taken down does not leave.
    if (isAudited(call)) await trail.append(sendEntry(job, call));
  }

  function afterCall(call: OutgoingCall, end: CallEnd): void {
    if (isAudited(call)) void trail.note(answerEntry(job, call, end));
  }

  function contextFor(expiresAtMs: number | null): ActionContext {
    const { connection, lanes } = tools.instance(job.instance);
    const waitsForSlot = action.lane !== "ping";
    const defender = connection.open({
      priority: job.priority,
      signal,
      waitsForSlot,
      expiresAtMs,
      beforeSend,
      afterCall,
    });
    return {
      job: { id: job.job_id, caseId: job.case_id, enqueuedAt: new Date(job.enqueued_at) },
      reference: referenceOf(job.job_id),
      settings,
      lanes,
      defender,
      checkQuery: (kql) => tools.checkQuery(kql, signal),
      async write(note, call) {
        pending = note;
        try {
          return await call(defender);
        } catch (error) {
          const failure = toFailure(error);
          if (openWrite !== null && !failure.mayBeApplied && !isStale) {
            await store.withdraw(fence);
            openWrite = null;
          }
          throw failure;
        } finally {
          pending = null;
        }
      },
    };
  }

  async function work(): Promise<Outcome> {
    const input = action.input.safeParse(job.input);
    if (!input.success) throw new Failure("invalid_input", describeInvalid(input.error));
    if (openWrite !== null && action.effect === "write") {
      // Verifying only reads, so it may go on past the job's end: the truth is wanted more than ever.
      const found = await action.verify(input.data, contextFor(null), openWrite);
      if (found?.kind !== "again") void trail.note(verifyEntry(job, action.incidentOf(input.data), found));
      if (found !== null) return found;
      await store.withdraw(fence);
      openWrite = null;
    }
    if (started.isOver) throw expiredFailure(started.expiresMs);
    const { isDryRun, refuseStopped } = tools.instance(job.instance);
    const write = action.effect === "write";
    // Before its reads spend quota on a write that must not follow. Ping tells what it finds.
    if (action.lane !== "ping") await refuseStopped({ lane: action.lane, write });
    const outcome = await action.run(input.data, contextFor(started.expiresMs));
    return write && isDryRun ? markDryRun(outcome) : outcome;
  }

  try {
    return { ended: await work(), openWrite, isStale };
  } catch (error) {
    return { ended: { kind: "thrown", failure: toFailure(error) }, openWrite, isStale };
  }
}
