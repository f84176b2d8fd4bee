/** Runs on a prefix of their own. */
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import { type RunSpec, runSpecSchema } from "../../src/bulk/run.ts";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { RunStore } from "../../src/bulk/run-store.ts";
import { randomPrefix } from "../support/prefix.ts";

export const KEEP_MS = 90 * 86_400_000;

export function specOf(more: Partial<RunSpec> = {}): RunSpec {
  return runSpecSchema.parse({
    v: 1,
    run_id: "r1",
    case_id: "4711",
    instance: "default",
    owner: "ada",
    kind: "reclassify",
    selection: { kind: "items" },
    change: { status: "resolved" },
    ...more,
  });
}

export function openRuns() {
  const redis = new Redis(inject("redisUrl"));
  const prefix = randomPrefix();
  onTestFinished(() => redis.disconnect());
  return { redis, prefix, store: new RunStore(redis, prefix), reader: new RunReader(redis, prefix) };
}

export function items(...ids: readonly (number | string)[]): { id: string }[] {
  return ids.map((id) => ({ id: String(id) }));
}
