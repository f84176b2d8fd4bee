/** Tells BullMQ how a run ended. The only file that speaks BullMQ's error classes. */
import { DelayedError, type Job, UnrecoverableError, WaitingError } from "bullmq";
import type { IncidentRefKey, QueuedJob } from "../queue/turns.ts";
import type { Settlement } from "./execute.ts";

export interface SettleTools {
  /** Nobody takes jobs of these queues for that long. */
  hold(scope: "lane" | "priority", delayMs: number): Promise<void>;
  afterParking(incident: IncidentRefKey, job: QueuedJob): Promise<void>;
}

/** What BullMQ keeps of a job that completed: a pointer, never data. */
export interface Pointer {
  case_id: string;
  job_id: string;
}

/**
 * Returns when the job is done for BullMQ, and throws BullMQ's own errors for everything else: it recognises them by
 * class, and the job must have been moved before they are thrown.
 */
export async function settle(
  settlement: Settlement,
  { job, token, place, pointer }: { job: Job; token: string; place: QueuedJob; pointer: Pointer },
  tools: SettleTools,
): Promise<Pointer> {
  switch (settlement.kind) {
    case "completed":
    case "over":
    case "taken":
      return pointer;
    case "interrupted":
      throw settlement.error;
    case "failed":
      throw new UnrecoverableError(`${settlement.failure.code}: ${settlement.failure.message}`);
    case "later":
      await job.moveToDelayed(Date.now() + settlement.delayMs, token);
      if (settlement.turn !== undefined) await tools.afterParking(settlement.turn, place);
      throw new DelayedError();
    case "held":
      await tools.hold(settlement.scope, settlement.delayMs);
      await job.moveToWait(token);
      throw new WaitingError();
    case "handed-back":
      await job.moveToWait(token);
      throw new WaitingError();
  }
}
