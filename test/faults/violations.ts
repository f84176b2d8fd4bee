/** The one judge of all fault tests: what was promised, held against what was left behind. Pure, so that it can be judged itself. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { FailureCode } from "../../src/contract/failure.ts";
import { busiestWindow } from "../support/windows.ts";
import type { Evidence } from "./evidence.ts";

export interface Allowance {
  /** Limits that the workers were given; each must hold in every sliding window. */
  limits?: readonly { lane: "incidents" | "hunting"; calls: number; windowMs: number }[];
  /** Failures that the test provokes; without any, every job must be completed. */
  failures?: readonly FailureCode[];
  /** Events of the workers' logs that the faults explain. */
  events?: readonly string[];
  /** 429s that the quota itself gave, which a worker never provokes unless somebody else spends from it. */
  rejected?: number;
}

type Job = Evidence["jobs"][number];
type Check = (evidence: Evidence, allowance: Allowance) => string[];

const PROMISES: readonly Check[] = [
  everyJobIsOver,
  finalIsFinal,
  everyEffectOnce,
  lastAcceptedUpdateStays,
  windowsHold,
  nothingIsLeft,
  noSecretGetsOut,
  everyErrorIsExplained,
];

/** One line for each promise that was broken; none when all held. */
export function findViolations(evidence: Evidence, allowance: Allowance = {}): string[] {
  return PROMISES.flatMap((check) => check(evidence, allowance));
}

function everyJobIsOver({ jobs }: Evidence, { failures = [] }: Allowance): string[] {
  return jobs.flatMap(({ accepted, result }) => {
    const name = `${accepted.action} ${accepted.jobId}`;
    if (result === null) return [`lost: nobody knows ${name}`];
    if (result.status === "completed") return [];
    if (result.status !== "failed") return [`not over: ${name} is ${result.status}`];
    const { code, message } = result.error ?? { code: "internal_error", message: "no error" };
    return failures.some((allowed) => allowed === code) ? [] : [`failed: ${name}: ${code}: ${message}`];
  });
}

function finalIsFinal({ jobs }: Evidence): string[] {
  return jobs.flatMap(({ accepted: { action, jobId }, result, final }) =>
    final === undefined || isDeepStrictEqual(result, final)
      ? []
      : [`rewritten: the result of ${action} ${jobId} was final, and changed`],
  );
}

/** Tests give every comment a text, and every update an assignee, of its own. */
function everyEffectOnce(evidence: Evidence): string[] {
  return evidence.jobs.flatMap((job) => {
    const count = effectsOf(job, evidence);
    if (count === null) return [];
    const { result, accepted } = job;
    const name = `${accepted.action} ${accepted.jobId}`;
    if (count > 1) return [`twice: ${name} had its effect ${count} times`];
    if (result?.status === "completed" && count === 0)
      return [`claimed: ${name} is completed and had no effect`];
    const isOpen = result?.error?.code === "outcome_unknown";
    if (result?.status === "failed" && !isOpen && count === 1)
      return [`denied: ${name} failed and had its effect`];
    return [];
  });
}

/** Null for an action without effects, and for an update that names no assignee. */
function effectsOf({ accepted: { action, input } }: Job, { ledger: { effects } }: Evidence): number | null {
  if (action === "add_comment_to_incident") {
    const text = `${input["comment"]}\n`;
    return effects.filter(({ kind, what }) => kind === "comment" && `${what}\n`.startsWith(text)).length;
  }
  if (action !== "update_incident" || input["assign_to"] === undefined) return null;
  return effects.filter(({ kind, what }) => kind === "patch" && assigneeOf(what) === input["assign_to"])
    .length;
}

function assigneeOf(what: unknown): string | undefined {
  return z.looseObject({ assignedTo: z.string() }).safeParse(what).data?.assignedTo;
}

function lastAcceptedUpdateStays({ jobs, incidents }: Evidence): string[] {
  const last = new Map<string, unknown>();
  for (const { accepted, result } of jobs) {
    const { action, input } = accepted;
    if (action === "update_incident" && result?.status === "completed" && input["assign_to"] !== undefined)
      last.set(String(input["incident_id"]), input["assign_to"]);
  }
  return [...last].flatMap(([id, assignee]) => {
    const is = incidents[id]?.["assignedTo"];
    return is === assignee
      ? []
      : [`order: incident ${id} is assigned to ${is}; the last accepted update said ${assignee}`];
  });
}

function windowsHold({ ledger: { arrivals } }: Evidence, { limits = [], rejected = 0 }: Allowance): string[] {
  const exceeded = limits.flatMap(({ lane, calls, windowMs }) => {
    const timesMs = arrivals.filter((arrival) => arrival.lane === lane).map(({ timeMs }) => timeMs);
    // Shortened by 1 % for the jitter of arrivals.
    const most = busiestWindow(timesMs, windowMs * 0.99);
    return most > calls ? [`quota: ${most} calls on ${lane} in ${windowMs} ms; allowed are ${calls}`] : [];
  });
  const refused = arrivals.filter((arrival) => arrival["rejected"] === true).length;
  return refused > rejected
    ? [...exceeded, `throttled: the quota refused ${refused} calls; allowed are ${rejected}`]
    : exceeded;
}

function nothingIsLeft({ unfinished, turns }: Evidence): string[] {
  return [...unfinished.map((queue) => `left over: ${queue}`), ...turns.map((turn) => `left over: ${turn}`)];
}

function noSecretGetsOut({ logs, redis, jobs, clientSecret }: Evidence): string[] {
  const places = { "the log": logs.join("\n"), Redis: redis, results: JSON.stringify(jobs) };
  // The simulator's tokens begin like this.
  const secrets = [clientSecret, encodeURIComponent(clientSecret), "simulated."];
  return Object.entries(places).flatMap(([place, text]) =>
    secrets.some((secret) => text.includes(secret)) ? [`secret: a credential is in ${place}`] : [],
  );
}

const lineSchema = z.looseObject({ level: z.string(), event: z.string(), msg: z.string().default("") });
const QUIET_LEVELS = new Set(["trace", "debug", "info"]);

function everyErrorIsExplained({ logs }: Evidence, { events = [] }: Allowance): string[] {
  return logs.flatMap((text) => {
    const line = lineSchema.safeParse(parse(text));
    if (!line.success) return [`unexplained: a line that is no event: ${text}`];
    const { level, event } = line.data;
    const isQuiet = QUIET_LEVELS.has(level) && event !== "job.interrupted";
    return isQuiet || events.includes(event) ? [] : [`unexplained: ${text}`];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
