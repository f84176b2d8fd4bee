/** What ops raises the alarm about, found anew each time from how the queues stand. */
import { grouped, plural } from "../bulk/numbers.ts";
import { runsQueueName } from "../queue/names.ts";
import { fieldOf, findStop, type Stop } from "../queue/stops.ts";
import type { QueueState } from "./queue-state.ts";
import type { BulkState, Situation } from "./situation.ts";

/** `key` tells one alert from another; it stays the same for as long as the trouble lasts. */
export interface Alert {
  key: string;
  severity: "critical" | "warning";
  /** One sentence. It names instances and lanes, and holds no payload. */
  text: string;
}

export interface Trouble extends Alert {
  /** It is told of once it has lasted for so long without a break. */
  patienceMs: number;
}

export const OLDEST_INTERACTIVE_MS = 5 * 60_000;
export const LONGEST_HOLD_MS = 15 * 60_000;
/** A worker that restarts is there again at the second look. */
export const NO_WORKER_PATIENCE_MS = 25_000;
/** A full window also holds a queue, but lets jobs through whenever it turns. */
const PROGRESS_MS = 2 * 60_000;
/** Of an instance that is there no more nobody will say that its credential is taken again. */
const LONGEST_REFUSAL_MS = 86_400_000;
/** So long before its end a credential is to be replaced. */
const CREDENTIAL_NOTICE_MS = 30 * 86_400_000;
const LARGEST_MEMORY_SHARE = 0.7;

export const REDIS_AWAY: Alert = {
  key: "redis-away",
  severity: "critical",
  text: "Redis does not answer, so no job runs",
};
export const REDIS_REFUSES: Alert = {
  key: "redis-refuses",
  severity: "critical",
  text: "Redis answers, but refuses to be written to, so no job runs",
};

export function findTroubles(situation: Situation): Trouble[] {
  const { nowMs, figures, bulk, stops, memory, ends, refusals } = situation;
  const troubles = [
    ...figures.flatMap((state) => troublesOf(state, stops, nowMs)),
    ...bulk.flatMap(bulkTroublesOf),
    ...stops.filter(({ since }) => nowMs - Date.parse(since) > LONGEST_HOLD_MS).map(stopTrouble),
  ];
  for (const { instance, atMs } of refusals)
    if (nowMs - atMs < LONGEST_REFUSAL_MS) troubles.push(refusedTrouble(instance));
  for (const { instance, atMs } of ends) {
    if (atMs - nowMs > CREDENTIAL_NOTICE_MS) continue;
    const day = new Date(atMs).toISOString().slice(0, 10);
    const [severity, verb] = atMs > nowMs ? (["warning", "ends"] as const) : (["critical", "ended"] as const);
    troubles.push(
      trouble(severity, `credential-ends:${instance}`, `the credential of ${instance} ${verb} on ${day}`),
    );
  }
  if (memory.max > 0 && memory.used > LARGEST_MEMORY_SHARE * memory.max)
    troubles.push(trouble("warning", "redis-full", `Redis is over ${100 * LARGEST_MEMORY_SHARE} % full`));
  return [...new Map(troubles.map((each) => [each.key, each])).values()];
}

function troublesOf(state: QueueState, stops: readonly Stop[], nowMs: number): Trouble[] {
  const { queue, counts, oldestAgeMs, workers, unsettled, refused, dead } = state;
  const { name, instance, lane, priority } = queue;
  const place = lane === "webhook" ? "the webhook's queue" : `${lane} (${priority}) of ${instance}`;
  const troubles: Trouble[] = [];
  const add = (...given: Parameters<typeof trouble>): void => void troubles.push(trouble(...given));
  // Those that a killed worker had in hand are active until another one takes them.
  const open = (counts["waiting"] ?? 0) + (counts["delayed"] ?? 0) + (counts["active"] ?? 0);
  if (open > 0 && workers === 0) {
    const text = `no worker listens to ${place}, which has ${plural(open, "job")} to do`;
    add("critical", `no-worker:${name}`, text, NO_WORKER_PATIENCE_MS);
  }
  if (priority === "interactive" && oldestAgeMs > OLDEST_INTERACTIVE_MS)
    add("warning", `old:${name}`, `a job has waited for over 5 minutes on ${place}`);
  const isHeld = state.isPaused || (state.heldMs > 0 && nowMs - state.lastEndMs > PROGRESS_MS);
  const isStopped = lane !== "webhook" && findStop(stops, { instance, lane, write: false }) !== null;
  if (isHeld && !isStopped)
    add("warning", `held:${name}`, `${place} has been paused for over 15 minutes`, LONGEST_HOLD_MS);
  if (refused > 0) troubles.push(refusedTrouble(instance));
  if (unsettled > 0) {
    const text = `nobody knows whether ${plural(unsettled, "write")} on ${place} ${unsettled === 1 ? "was" : "were"} done`;
    add("warning", `unsettled:${name}`, text);
  }
  for (const [code, count] of dead) {
    const why = code === "other" ? "" : `, as ${code}`;
    add(
      "warning",
      `dead:${name}:${code}`,
      `${plural(count, "job")} on ${place} failed for good within a day${why}`,
    );
  }
  return troubles;
}

function bulkTroublesOf({ instance, runs, halted, workers }: BulkState): Trouble[] {
  const troubles: Trouble[] = [];
  if (halted > 0) {
    const text = `${plural(halted, "bulk run")} of ${instance} paused, for too many incidents failed`;
    troubles.push(trouble("warning", `runs-halted:${instance}`, text));
  }
  const atWork = runs.selecting + runs.running;
  if (atWork === 0 || workers > 0) return troubles;
  const text = `no worker listens for bulk runs, and ${instance} has ${grouped(atWork)} at work`;
  troubles.push(trouble("critical", `no-worker:${runsQueueName(instance)}`, text, NO_WORKER_PATIENCE_MS));
  return troubles;
}

function refusedTrouble(instance: string): Trouble {
  return trouble("critical", `refused:${instance}`, `the credential of ${instance} is refused`);
}

function stopTrouble(stop: Stop): Trouble {
  const { instance, lane, writes } = stop;
  const what = `${writes ? "writes" : "everything"}${lane === null ? "" : ` on ${lane}`}`;
  const where = instance === null ? "all instances" : instance;
  const text = `somebody paused ${what} of ${where} over 15 minutes ago; defender-actions unpause lets it go on`;
  return trouble("warning", `paused:${fieldOf(stop)}`, text);
}

function trouble(severity: Alert["severity"], key: string, text: string, patienceMs = 0): Trouble {
  return { severity, key, text, patienceMs };
}
