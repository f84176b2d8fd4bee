/** The fault points that a worker gets to. */
import { FAULT_POINTS } from "../../src/fault-point.ts";

export const WORKER_POINTS = FAULT_POINTS.filter(
  (point) => point !== "after-record" && point !== "after-turn" && point !== "after-accept",
);
