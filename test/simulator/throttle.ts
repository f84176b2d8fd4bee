/** The 429 of each lane: its quota, its text, and when it says to come back. */
import { GraphError } from "./answer.ts";
import { Quota } from "./quota.ts";
import type { Settings } from "./settings.ts";
import type { Caller } from "./token.ts";

export class Throttle {
  #incidents: Quota | undefined;
  #hunting: Quota | undefined;

  constructor(quotas: Settings["quotas"]) {
    this.limit(quotas);
  }

  /** Sets the limits and empties every window. */
  limit({ incidents, hunting }: Settings["quotas"]): void {
    this.#incidents = incidents === null ? undefined : new Quota(incidents);
    this.#hunting = hunting === null ? undefined : new Quota(hunting);
  }

  /** Counts the call. Throws the 429 when it was one too many. */
  check(lane: "incidents" | "hunting", caller: Caller, timeMs: number, settings: Settings): void {
    const verdict =
      lane === "hunting"
        ? this.#hunting?.take(caller.tenant, timeMs)
        : this.#incidents?.take(`${caller.tenant} ${caller.clientId}`, timeMs);
    if (verdict?.rejected) throw tooManyRequests(verdict.retryAfterMs, settings);
  }
}

function tooManyRequests(retryAfterMs: number, { retryAfter, throttleText }: Settings): GraphError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const message =
    throttleText === "cpu"
      ? `You have exceeded processing resources allocated to this tenant. You can run queries again in ${seconds} seconds.`
      : "Please retry again later.";
  const header = {
    seconds: { "retry-after": String(seconds) },
    // A date has whole seconds: one more, or it would be too early.
    date: { "retry-after": new Date(Date.now() + (seconds + 1) * 1000).toUTCString() },
    none: {},
  }[retryAfter];
  return new GraphError(429, "TooManyRequests", message, header);
}
