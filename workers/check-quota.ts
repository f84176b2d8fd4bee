/** What is left of a lane's quota, for `check`: all of it, or less because Defender refused calls below it. */
import ms from "ms";
import type { InstanceConfig, Window } from "../src/config.ts";
import type { Lane } from "../src/contract/job.ts";
import { callsLeft, type GateLimit } from "../src/defender/gate-limit.ts";
import type { Finding } from "./finding.ts";

/** Never a failure: a lowered limit does its work. */
export function quotaOf(
  { name, limits }: InstanceConfig,
  lane: Lane,
  limit: GateLimit,
  nowMs: number,
): Finding {
  const windows = limits[lane].map((window) => describe(window, limit)).join(" and ");
  return {
    check: "quota",
    instance: name,
    ok: true,
    message: `${lane}: ${windows}${limit.lowered === null ? "" : whyLowered(limit.lowered, nowMs)}`,
  };
}

function describe(window: Window, limit: GateLimit): string {
  const whole = `${window.calls}/${lengthOf(window)}`;
  return limit.lowered === null ? whole : `${callsLeft(window, limit)} of ${whole}`;
}

function whyLowered({ atMs, climbsAtMs }: NonNullable<GateLimit["lowered"]>, nowMs: number): string {
  const climbs = nowMs < climbsAtMs ? "climbs from" : "climbs since";
  return `, lowered at ${timeOf(atMs)} because Defender refused calls below it; ${climbs} ${timeOf(climbsAtMs)}`;
}

/** As it is written in a setting: the largest unit without a rest. */
function lengthOf({ windowMs }: Window): string {
  const unit = (["h", "m", "s"] as const).find((each) => windowMs % ms(`1${each}`) === 0);
  return unit === undefined ? `${windowMs}ms` : `${windowMs / ms(`1${unit}`)}${unit}`;
}

function timeOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 16)} UTC`;
}
