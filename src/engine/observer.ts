/** What a worker tells of itself while it runs, for metrics: facts and figures, never a payload. */
import type { Lane } from "../contract/job.ts";
import type { DefenderEvent } from "../defender/call.ts";
import type { Settlement } from "./execute.ts";

/** One run of one job, as it ended. `action` is null for a payload that cannot be read. */
export interface Run {
  action: string | null;
  settlement: Settlement;
  durationMs: number;
}

/** Taken from a worker that died, or lost while it ran here. */
export const LOSSES = ["stalled", "lock_lost"] as const;
/** Of a final result that was sent to the webhook. */
export const DELIVERIES = ["taken", "refused", "given_up"] as const;

export type WorkerEvent =
  | ({ kind: "run"; instance: string } & Run)
  /** Nobody takes jobs of the lane, or of one priority of it, for that long. */
  | { kind: "hold"; instance: string; lane: Lane | "ping"; scope: "lane" | "priority"; delayMs: number }
  | { kind: "lost"; instance: string; how: (typeof LOSSES)[number] }
  | { kind: "delivery"; instance: string; outcome: (typeof DELIVERIES)[number] }
  | { kind: "defender"; instance: string; event: DefenderEvent };

export type Observe = (event: WorkerEvent) => void;
