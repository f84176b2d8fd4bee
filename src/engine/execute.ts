/** One run of one job, as a line of steps: take the record, wait for the turn, attempt, rule, write it down. */
import { findAction } from "../actions/catalog.ts";
import type { Action } from "../contract/define-action.ts";
import type { Failure } from "../contract/failure.ts";
import type { Job } from "../contract/job.ts";
import type { WaitReason } from "../contract/result.ts";
import { reach } from "../fault-point.ts";
import { hashInput } from "../queue/request.ts";
import type { IncidentRefKey, QueuedJob } from "../queue/turns.ts";
import type { Started } from "../results/replies.ts";
import type { Fence, ResultStore } from "../results/store.ts";
import { activeSpan } from "../trace/tracer.ts";
import { type Attempt, type AttemptTools, attempt, type Running } from "./attempt.ts";
import { completedFindings, failedFindings } from "./findings.ts";
import { type InlineLimit, showRows } from "./inline-rows.ts";
import { type Ruling, rule } from "./ruling.ts";

/** Where a job stands among the writes to its incident. */
export interface Order {
  /** Null when it is first; else the longest time until it looks again, should nobody wake it. */
  waitFor(incident: IncidentRefKey, job: QueuedJob): Promise<{ longestMs: number } | null>;
  /** Takes the job out, and wakes the next one. */
  leave(incident: IncidentRefKey, job: QueuedJob): Promise<void>;
}

export interface Engine extends AttemptTools {
  store: Pick<ResultStore, "create" | "start" | "send" | "withdraw" | "wait" | "finish">;
  order: Order;
  resultTtlMs: number;
  inlineLimit: InlineLimit;
}

/** What the queue is told about the job. */
export type Settlement =
  | { kind: "completed" }
  | { kind: "failed"; failure: Failure }
  /** Free the slot, come back by itself. `turn`: it waits for the end of another write to this incident. */
  | { kind: "later"; delayMs: number; waitFor?: WaitReason; turn?: IncidentRefKey }
  /** Back to the front, and nobody takes jobs until the gate opens: for all of the lane, or for this priority. */
  | { kind: "held"; delayMs: number; scope: "lane" | "priority" }
  | { kind: "handed-back" }
  /** It was over before this run began, or is an old generation. */
  | { kind: "over" }
  /** Another run has it. */
  | { kind: "taken" }
  /** Redis refused what the run wrote: nothing is decided, and it runs again. */
  | { kind: "interrupted"; error: Error };

/** After these the job has a final result. */
export const ENDS: ReadonlySet<Settlement["kind"]> = new Set(["completed", "failed", "over"]);

/** Runs a job that was parsed. Throws a Failure for an unknown action, and otherwise only what Redis throws. */
export async function execute(
  job: Job,
  place: QueuedJob,
  engine: Engine,
  signal: AbortSignal,
): Promise<Settlement> {
  const action = findAction(job.action);
  const turn = turnOf(action, job);
  const settlement = await run(job, action, turn, place, engine, signal);
  if (turn !== null && ENDS.has(settlement.kind)) await engine.order.leave(turn, place);
  return settlement;
}

async function run(
  job: Job,
  action: Action,
  turn: IncidentRefKey | null,
  place: QueuedJob,
  engine: Engine,
  signal: AbortSignal,
): Promise<Settlement> {
  const started = await takeRecord(job, engine);
  if (started.verdict !== "run") return { kind: "over" };
  activeSpan().set({ "defender.attempt": started.attempts + 1 });
  const fence = { caseId: job.case_id, jobId: job.job_id, generation: job.generation, run: started.run };

  // A job past its time does not wait for its turn: it only fails, or reads back what it had sent.
  const wait = turn === null || started.isOver ? null : await engine.order.waitFor(turn, place);
  if (turn !== null && wait !== null) {
    const parked = await park(
      { waitFor: "order", delayMs: wait.longestMs, attempts: started.attempts },
      started.note !== null,
      fence,
      started,
      engine,
    );
    return parked.kind === "later" ? { ...parked, turn } : parked;
  }
  const made = await attempt(job, action, fence, started, engine, signal);
  if (made.isStale) return { kind: "taken" };
  const ruling = rule(made.ended, {
    attempts: started.attempts,
    hasOpenWrite: made.openWrite !== null,
    isAborted: signal.aborted,
  });
  return await apply(ruling, made, action, fence, started, engine);
}

/** A job whose record was lost (its keys ran out, or someone else made the payload) gets a new one. */
async function takeRecord(job: Job, { store, resultTtlMs }: Engine): Promise<Started> {
  const ref = { caseId: job.case_id, jobId: job.job_id };
  const started = await store.start(ref, job.generation);
  if (started.verdict !== "missing") return started;
  const { alert_group_identifiers: groups, scope } = job.input;
  await store.create({
    head: {
      v: 1,
      case_id: job.case_id,
      job_id: job.job_id,
      action: job.action,
      instance: job.instance,
      priority: job.priority,
      requested_by: job.requested_by ?? null,
      caller: job.caller ?? null,
      alert_group_identifiers: Array.isArray(groups) ? groups.map(String) : [],
      scope: typeof scope === "string" ? scope : "All entities",
    },
    // A producer that repeats its request must find the same job.
    inputHash: hashInput(job.action, job.input, job.caller),
    expiresInMs: Math.max(1, Date.parse(job.expires_at) - Date.now()),
    keepMs: resultTtlMs,
    generation: job.generation,
  });
  return await store.start(ref, job.generation);
}

function turnOf(action: Action, job: Job): IncidentRefKey | null {
  if (action.effect !== "write") return null;
  const input = action.input.safeParse(job.input);
  return input.success ? { instance: job.instance, incidentId: action.incidentOf(input.data) } : null;
}

async function apply(
  ruling: Ruling,
  made: Attempt,
  action: Action,
  fence: Fence,
  started: Running,
  engine: Engine,
): Promise<Settlement> {
  const { store, resultTtlMs, inlineLimit } = engine;
  const isOpen = made.openWrite !== null;
  switch (ruling.kind) {
    case "complete": {
      const { outcome, attempts } = ruling;
      const shown = outcome.rows && showRows(outcome.rows, inlineLimit);
      const verdict = {
        status: "completed",
        findings: completedFindings(outcome, shown?.warnings),
        attempts,
        ...(shown?.rows && { rows: shown.rows }),
      } as const;
      reach("before-result");
      const isWritten = await store.finish(fence, verdict, resultTtlMs);
      reach("after-result");
      return isWritten ? { kind: "completed" } : { kind: "taken" };
    }
    case "fail": {
      const { failure, attempts, incident } = ruling;
      const findings = failedFindings(action, failure, { incident, evidence: made.openWrite });
      const isWritten = await store.finish(fence, { status: "failed", findings, attempts }, resultTtlMs);
      // Whoever cancelled it has written the result already.
      return isWritten || failure.code === "cancelled" ? { kind: "failed", failure } : { kind: "taken" };
    }
    case "wait":
      return await park(ruling, isOpen, fence, started, engine);
    case "hold": {
      const parked = await park(ruling, isOpen, fence, started, engine);
      return parked.kind === "later"
        ? { kind: "held", delayMs: ruling.delayMs, scope: ruling.waitFor === "quota" ? "priority" : "lane" }
        : parked;
    }
    case "hand-back": {
      const isNoted = await store.wait(fence, isOpen ? "running" : "queued", null, ruling.attempts);
      return { kind: isNoted ? "handed-back" : "taken" };
    }
  }
}

/** Notes the wait. Unless a write is open, nothing waits past the job's end: there it wakes up to fail as expired. */
async function park(
  { waitFor, delayMs, attempts }: Pick<Extract<Ruling, { kind: "wait" }>, "waitFor" | "delayMs" | "attempts">,
  isOpen: boolean,
  fence: Fence,
  started: Running,
  { store }: Engine,
): Promise<Settlement> {
  const leftMs = Math.max(0, started.expiresMs - started.nowMs);
  const boundedMs = isOpen ? delayMs : Math.min(delayMs, leftMs + 1);
  const isNoted = await store.wait(
    fence,
    isOpen ? "running" : "queued",
    { for: waitFor, delayMs: boundedMs },
    attempts,
  );
  return isNoted ? { kind: "later", delayMs: boundedMs, waitFor } : { kind: "taken" };
}
