/** Bulk runs as workers would have brought them on, with any text in them. */
import { ItemStore } from "../../src/bulk/item-store.ts";
import { type Outcome, outcomeSchema, type RunSpec } from "../../src/bulk/run.ts";
import { RunStore } from "../../src/bulk/run-store.ts";
import { KEEP_MS, specOf } from "../bulk/opened-runs.ts";
import type { Opened } from "./opened.ts";

type Ended = Partial<Outcome> & Pick<Outcome, "result">;

/** A run on as many incidents, from 1 on, of which those that `outcomes` tells of have ended so. */
export async function makeRun(
  { redis, prefix }: Pick<Opened, "redis" | "prefix">,
  more: Partial<RunSpec>,
  incidents: number,
  outcomes: readonly Ended[] = [],
): Promise<void> {
  const spec = specOf(more);
  const [store, items] = [new RunStore(redis, prefix), new ItemStore(redis, prefix)];
  await store.create(spec, { isDraft: false, keepMs: KEEP_MS });
  const ids = Array.from({ length: incidents }, (_, index) => ({ id: String(index + 1) }));
  await store.addItems(spec.run_id, ids);
  await store.endSelection(spec.run_id);
  const taken = await items.take(spec.run_id, `${spec.run_id}-1`, outcomes.length);
  for (const [index, hold] of (taken?.items ?? []).entries()) {
    const outcome = { id: hold.id, at: new Date(0).toISOString(), ...outcomes[index] };
    await items.finish(spec.run_id, hold, outcomeSchema.parse(outcome));
  }
  await items.conclude(spec.run_id);
}
