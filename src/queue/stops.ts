/** The stop button: what people have paused, kept in Redis, looked at by every worker before every call. */
import { z } from "zod";
import { ACTION_NAMES, findAction } from "../actions/catalog.ts";
import { isOver, type RunStatus } from "../bulk/run.ts";
import { LANES, type Lane } from "../contract/job.ts";
import { byWhom, type Result } from "../contract/result.ts";
import type { RedisClient } from "../redis-script.ts";

/** What a stop holds back; null: all of them. */
export interface StopScope {
  instance: string | null;
  lane: Lane | null;
  /** Only writes; reads go on. */
  writes: boolean;
}

const stopSchema = z.object({
  instance: z.string().nullable(),
  lane: z.enum(LANES).nullable(),
  writes: z.boolean(),
  by: z.string(),
  why: z.string(),
  since: z.iso.datetime(),
});
/** `by` and `why` are free text of the person who paused. */
export type Stop = z.infer<typeof stopSchema>;

export interface StoppableCall {
  instance: string;
  lane: Lane | "ping";
  write: boolean;
}

export class Stops {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#key = `${prefix}:stops`;
  }

  /** Oldest first. */
  async list(): Promise<Stop[]> {
    const texts = Object.values(await this.#redis.hgetall(this.#key));
    const stops = texts.map((text) => stopSchema.parse(JSON.parse(text)));
    return stops.sort((left, right) => left.since.localeCompare(right.since));
  }

  /** `former`: one that was there already for the very same scope, and is replaced. */
  async pause(
    scope: StopScope,
    { by, why }: Pick<Stop, "by" | "why">,
  ): Promise<{ stop: Stop; former: Stop | null }> {
    const former = (await this.list()).find((known) => fieldOf(known) === fieldOf(scope)) ?? null;
    const stop = { ...scope, by, why, since: new Date().toISOString() };
    await this.#redis.hset(this.#key, fieldOf(scope), JSON.stringify(stop));
    return { stop, former };
  }

  /** Lifts every stop that lies within the scope, and gives them. */
  async unpause(scope: StopScope): Promise<Stop[]> {
    const within = (await this.list()).filter((stop) => covers(scope, stop));
    if (within.length > 0) await this.#redis.hdel(this.#key, ...within.map(fieldOf));
    return within;
  }

  /** What holds a call back; null for nothing. */
  async find(call: StoppableCall): Promise<Stop | null> {
    return findStop(await this.list(), call);
  }

  /** Says of results that wait who paused them, and why. */
  async explain(results: readonly Result[]): Promise<Result[]> {
    if (!results.some(isHeld)) return [...results];
    const stops = await this.list();
    return results.map((result) => {
      if (!isHeld(result)) return result;
      const stop = findStop(stops, callOf(result));
      // Lifted, and no worker has looked since.
      if (stop === null) return result.waiting?.for === "paused" ? { ...result, waiting: null } : result;
      return { ...result, waiting: { for: "paused", until: null, by: stop.by, why: stop.why } };
    });
  }

  /** The same of bulk runs. */
  async explainRuns(runs: readonly RunStatus[]): Promise<RunStatus[]> {
    if (!runs.some(isAtWork)) return [...runs];
    const stops = await this.list();
    return runs.map((run) => {
      const call = { instance: run.instance, lane: "incidents", write: run.state === "running" } as const;
      const stop = isAtWork(run) ? findStop(stops, call) : null;
      return stop === null ? run : { ...run, waiting: { for: "paused", by: stop.by, why: stop.why } };
    });
  }
}

/** Names a scope. */
export function fieldOf({ instance, lane, writes }: StopScope): string {
  return `${instance ?? "*"}|${lane ?? "*"}|${writes ? "writes" : "*"}`;
}

function covers(scope: StopScope, stop: Stop): boolean {
  const isInstance = scope.instance === null || scope.instance === stop.instance;
  const isLane = scope.lane === null || scope.lane === stop.lane;
  return isInstance && isLane && (!scope.writes || stop.writes);
}

/** What holds a call back, of several that which says most; null for nothing. */
export function findStop(stops: readonly Stop[], { instance, lane, write }: StoppableCall): Stop | null {
  const holds = (stop: Stop): boolean =>
    (stop.instance === null || stop.instance === instance) &&
    (stop.lane === null || stop.lane === lane) &&
    (!stop.writes || write);
  // One that holds everything says more than one that holds writes.
  return stops.find((stop) => !stop.writes && holds(stop)) ?? stops.find(holds) ?? null;
}

/** One that runs is on its way, and held at its next call at the earliest. */
function isHeld({ status, waiting, action }: Result): boolean {
  // The summary of a bulk run is no job, and a foreign payload may name anything.
  if (!ACTION_NAMES.some((name) => name === action)) return false;
  return status === "queued" || (status === "running" && waiting?.for === "paused");
}

function isAtWork({ state }: RunStatus): boolean {
  return !isOver(state) && state !== "paused";
}

function callOf({ action: name, instance }: Result): StoppableCall {
  const { lane, effect } = findAction(name);
  return { instance, lane, write: effect === "write" };
}

const WRITING_LANES = new Set(
  ACTION_NAMES.map(findAction).flatMap(({ lane, effect }) => (effect === "write" ? [lane] : [])),
);

/** Who paused a queue or its writes, and why; null when nobody did. */
export function describePause(
  stops: readonly Stop[],
  { instance, lane }: Pick<StoppableCall, "instance" | "lane">,
): string | null {
  const stop = findStop(stops, { instance, lane, write: WRITING_LANES.has(lane) });
  if (stop === null) return null;
  return `${stop.writes ? "for writes " : ""}${byWhom(stop)}`;
}
