/** The status of a run, read from where it lies in Redis. Nothing here writes. */
import { z } from "zod";
import { FAILURE_CODES } from "../contract/failure.ts";
import { keysOf } from "../contract/table.ts";
import { defineScript, REDIS_TIME, type RedisClient } from "../redis-script.ts";
import {
  outcomeSchema,
  RUN_STATES,
  type RunCounts,
  type RunStatus,
  runSpecSchema,
  runStatusSchema,
  SKIP_REASONS,
} from "./run.ts";
import { runKey } from "./run-keys.ts";

/** KEYS: run, pending, flight, parked. Answers Redis's time, three lengths and the hash. */
const readScript = defineScript(`${REDIS_TIME}
return { string.format('%.0f', now), redis.call('LLEN', KEYS[2]), redis.call('HLEN', KEYS[3]), redis.call('HLEN', KEYS[4]), redis.call('HGETALL', KEYS[1]) }
`);
const readReply = z.tuple([z.coerce.number(), z.number(), z.number(), z.number(), z.array(z.string())]);

const ms = z.coerce.number();
const recordSchema = z.looseObject({
  spec: z.string().transform((text) => runSpecSchema.parse(JSON.parse(text))),
  state: z.enum(RUN_STATES),
  reason: z.string().default(""),
  is_draft: z.enum(["0", "1"]),
  is_selected: z.enum(["0", "1"]),
  created_ms: ms,
  started_ms: ms.optional(),
  since_ms: ms.optional(),
  ended_ms: ms.optional(),
  keep_ms: ms,
  round: z.coerce.number(),
  cursor: z.string().default(""),
  base_ended: z.coerce.number().default(0),
  minute: z.coerce.number().default(0),
  minute_ended: z.coerce.number().default(0),
  last_minute_ended: z.coerce.number().default(0),
});
type RunRecord = z.output<typeof recordSchema>;

/** A run with what only workers need to know of it. */
export interface RunReading {
  status: RunStatus;
  /** From where its next page is listed; empty for the first. */
  cursor: string;
  /** How often it was brought to work again after its end, and once. */
  round: number;
  keepMs: number;
  /** Items that wait for a time. */
  parked: number;
  startedMs: number;
}

/** A failed item with its outcome, as it lies in `failed`. */
export const failedSchema = z
  .object({ outcome: z.string() })
  .transform(({ outcome }) => outcomeSchema.parse(JSON.parse(outcome)));

/** Null when there is no such run, or no more. */
export async function readRun(redis: RedisClient, prefix: string, runId: string): Promise<RunReading | null> {
  const keys = (["run", "pending", "flight", "parked"] as const).map((part) => runKey(prefix, runId, part));
  const [nowMs, pending, flight, parked, flat] = readReply.parse(await readScript(redis, keys, []));
  if (flat.length === 0) return null;
  const fields = pairsOf(flat);
  const record = recordSchema.parse(fields);
  const number = (name: string) => Number(fields[`n:${name}`] ?? 0);
  const counts: RunCounts = {
    read: number("read"),
    selected: number("selected"),
    changed: number("changed"),
    unchanged: number("unchanged"),
    skipped: tally(SKIP_REASONS, (reason) => number(`skip:${reason}`)),
    failed: tally(keysOf(FAILURE_CODES), (code) => number(`fail:${code}`)),
    waiting: pending + parked,
    in_hand: flight,
  };
  const status = runStatusSchema.parse({
    ...record.spec,
    state: record.state,
    reason: record.reason === "" ? null : record.reason,
    is_draft: record.is_draft === "1",
    is_selected: record.is_selected === "1",
    created_at: iso(record.created_ms),
    started_at: iso(record.started_ms),
    ended_at: iso(record.ended_ms),
    counts,
    rate_per_minute: rateOf(record, number("ended"), nowMs),
  });
  return {
    status,
    cursor: record.cursor,
    round: record.round,
    keepMs: record.keep_ms,
    parked,
    startedMs: record.started_ms ?? 0,
  };
}

/** Fields of a hash as a script gives them: names and values in turn. */
function pairsOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = String(flat[i + 1]);
  return fields;
}

function tally<Name extends string>(
  names: readonly Name[],
  numberOf: (name: Name) => number,
): Partial<Record<Name, number>> {
  const counted: Partial<Record<Name, number>> = {};
  for (const name of names) if (numberOf(name) > 0) counted[name] = numberOf(name);
  return counted;
}

function iso(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}

const MINUTE_MS = 60_000;

/** Incidents that ended in the last minute, the one before it counted by its overlap; null unless the run is at work. */
function rateOf(record: RunRecord, ended: number, nowMs: number): number | null {
  if (record.state !== "running" || record.since_ms === undefined) return null;
  const forMs = Math.max(1_000, nowMs - record.since_ms);
  if (forMs < MINUTE_MS) return Math.round(((ended - record.base_ended) * MINUTE_MS) / forMs);
  const minute = Math.floor(nowMs / MINUTE_MS);
  const overlap = 1 - (nowMs % MINUTE_MS) / MINUTE_MS;
  if (record.minute === minute) return Math.round(record.minute_ended + record.last_minute_ended * overlap);
  return record.minute === minute - 1 ? Math.round(record.minute_ended * overlap) : 0;
}
