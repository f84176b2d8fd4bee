/** Who takes part in the race. */
import { keysOf } from "../../src/contract/table.ts";

export const CONTESTANTS = {
  gated: "this worker, with everything",
  ungated: "this worker, without the gate",
  plain: "BullMQ, the same axios call, one HSET",
  idle: "BullMQ, doing nothing",
} as const;

export type Contestant = keyof typeof CONTESTANTS;

export const KINDS = keysOf(CONTESTANTS);

/** Where all of them take their jobs; each has a prefix of its own. */
export const QUEUE = "defender-default-hunting";
