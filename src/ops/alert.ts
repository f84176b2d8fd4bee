/** What ops raises the alarm about, found anew each time from how the queues stand. */
import { runsQueueName } from "../queue/names.ts";
import type { Situation } from "./situation.ts";

/** `key` tells one alert from another; it stays the same for as long as the trouble lasts. */
export interface Alert {
  key: string;
  severity: "critical" | "warning";
  /** One sentence. It names instances and lanes, and holds no payload. */
  text: string;
}

export const OLDEST_INTERACTIVE_MS = 5 * 60_000;
export const LONGEST_HOLD_MS = 15 * 60_000;
/** So long before its end a credential is to be replaced. */
const CREDENTIAL_NOTICE_MS = 30 * 86_400_000;
const LARGEST_MEMORY_SHARE = 0.7;

export const REDIS_AWAY: Alert = {
  key: "redis-away",
  severity: "critical",
  text: "Redis does not answer, so no job runs",
};

/** `heldSinceMs`: how long each queue, by its name, has been held without a break. */
export function findAlerts(
  { nowMs, figures, bulk, memory, ends }: Situation,
  heldSinceMs: ReadonlyMap<string, number>,
): Alert[] {
  const alerts: Alert[] = [];
  const add = (severity: Alert["severity"], key: string, text: string): void => {
    alerts.push({ key, severity, text });
  };
  for (const { queue, counts, oldestAgeMs, workers, unsettled, refused } of figures) {
    const { name, instance, lane, priority } = queue;
    const place = lane === "webhook" ? "the webhook's queue" : `${lane} (${priority}) of ${instance}`;
    const pending = (counts["waiting"] ?? 0) + (counts["delayed"] ?? 0);
    const dead = (counts["failed"] ?? 0) - unsettled;
    if (pending > 0 && workers === 0)
      add("critical", `no-worker:${name}`, `${pending} jobs wait on ${place}, and no worker listens`);
    if (priority === "interactive" && oldestAgeMs > OLDEST_INTERACTIVE_MS)
      add("warning", `old:${name}`, `a job has waited for over 5 minutes on ${place}`);
    if ((heldSinceMs.get(name) ?? 0) > LONGEST_HOLD_MS)
      add("warning", `held:${name}`, `${place} has been paused for over 15 minutes`);
    if (refused > 0) add("critical", `refused:${instance}`, `the credential of ${instance} is refused`);
    if (unsettled > 0)
      add("warning", `unsettled:${name}`, `nobody knows whether ${unsettled} writes on ${place} were done`);
    if (dead > 0) add("warning", `dead:${name}`, `${dead} jobs on ${place} have failed for good`);
  }
  for (const { instance, atMs } of ends) {
    if (atMs - nowMs > CREDENTIAL_NOTICE_MS) continue;
    const day = new Date(atMs).toISOString().slice(0, 10);
    const [severity, verb] = atMs > nowMs ? (["warning", "ends"] as const) : (["critical", "ended"] as const);
    add(severity, `credential-ends:${instance}`, `the credential of ${instance} ${verb} on ${day}`);
  }
  for (const { instance, runs, workers } of bulk) {
    const atWork = runs.selecting + runs.running;
    if (atWork > 0 && workers === 0)
      add(
        "critical",
        `no-worker:${runsQueueName(instance)}`,
        `${atWork} bulk runs of ${instance} are at work, and no worker listens`,
      );
  }
  if (memory.max > 0 && memory.used > LARGEST_MEMORY_SHARE * memory.max)
    add("warning", "redis-full", `Redis is over ${100 * LARGEST_MEMORY_SHARE} % full`);
  return [...new Map(alerts.map((alert) => [alert.key, alert])).values()];
}
