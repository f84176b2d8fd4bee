/** What the work on a run, and on one incident of it, has at hand. */
import type { ItemStore, Taken } from "../../bulk/item-store.ts";
import type { RunSpec } from "../../bulk/run.ts";
import type { Defender } from "../../contract/ports.ts";
import type { QueuedJob } from "../../queue/turns.ts";
import type { AttemptTools, InstanceAccess } from "../attempt.ts";
import type { Order } from "../execute.ts";
import type { FreshEyes } from "./fresh-eyes.ts";

export interface RunTools {
  runs: ItemStore;
  order: Order;
  instance: InstanceAccess;
  settings: AttemptTools["settings"];
  trail: AttemptTools["trail"];
}

/** Nobody is to take anything until then: of the lane, or of bulk alone. */
export interface Held {
  kind: "held";
  scope: "lane" | "priority";
  delayMs: number;
}

/** The end of a turn; `over`: its ticket has nothing to do any more. */
export type TurnEnd = { kind: "again"; delayMs: number } | Held | { kind: "over" };

/** The end of a turn's work on an item. */
export type ItemEnd = { kind: "settled" } | Held;
export const SETTLED: ItemEnd = { kind: "settled" };

export interface ItemScene {
  run: RunSpec;
  taken: Taken;
  nowMs: number;
  /** The ticket, as it queues up for the incident. */
  place: QueuedJob;
  eyes: FreshEyes;
  isHeldElsewhere: boolean;
  tools: RunTools;
  signal: AbortSignal;
}

/** For calls that only read. */
export function openLooker({ instance }: RunTools, signal: AbortSignal): Defender {
  return instance.connection.open({
    priority: "bulk",
    signal,
    waitsForSlot: true,
    expiresAtMs: null,
    async beforeSend() {},
  });
}
