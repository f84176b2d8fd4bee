/** How two runs that both wait share what they may spend, over any minute. */
import { setTimeout as sleep } from "node:timers/promises";
import { openPlace, writeIds } from "./bulk-place.ts";
import type { Limit } from "./quota-figures.ts";
import type { Session } from "./session.ts";

export interface FairnessFigures {
  /** Incidents written by each run, in the window in which they differ most. */
  written: [number, number];
  /** The larger one, of the smaller one; 1 is even. */
  worstRatio: number;
  windows: number;
}

const STEP_MS = 1_000;

export async function measureFairness(
  { limit, windowMs, spanMs }: { limit: Limit; windowMs: number; spanMs: number },
  session: Session,
): Promise<FairnessFigures> {
  const { rig, bulk } = await openPlace(session, limit);
  // More than can be written meanwhile, so that both wait throughout.
  const each = Math.ceil((limit.calls * spanMs) / limit.windowMs / 2);
  await rig.simulator.reset(2 * each + 100);
  const runs = [0, 1].map((run) => Array.from({ length: each }, (_, at) => 61 + 2 * at + run));
  const ids = await Promise.all(
    runs.map(async (of, run) => {
      const file = await writeIds(session, of);
      const asking = ["--case-id", `bench-${run}`, "--expect", String(each), "--yes", "--json"];
      const change = ["--assign-to", `run-${run}@contoso.com`];
      const producer = bulk.start(["reclassify", "--from", file, ...change, ...asking]);
      const runId = await bulk.findRun(({ case_id }) => case_id === `bench-${run}`, producer);
      await bulk.until(runId, ({ counts }) => counts.changed > 0);
      producer.child.kill("SIGINT");
      return runId;
    }),
  );
  const startMs = Date.now();
  await sleep(spanMs);
  const endMs = Date.now();
  for (const id of ids) await bulk.run("cancel", id);
  const times = runs.map(() => [] as number[]);
  const { effects } = await rig.simulator.ledger();
  for (const { kind, incidentId, timeMs } of effects)
    if (kind === "patch") times[(Number(incidentId) - 61) % 2]?.push(timeMs);
  return compareRuns(times, { startMs, endMs, windowMs });
}

/** `times` are those of each run's writes; every window that fits in between is looked at, one a second. */
export function compareRuns(
  times: readonly (readonly number[])[],
  { startMs, endMs, windowMs }: { startMs: number; endMs: number; windowMs: number },
): FairnessFigures {
  const worst: FairnessFigures = { written: [0, 0], worstRatio: 0, windows: 0 };
  for (let fromMs = startMs; fromMs + windowMs <= endMs; fromMs += STEP_MS) {
    const [one = 0, other = 0] = times.map(
      (of) => of.filter((timeMs) => timeMs >= fromMs && timeMs < fromMs + windowMs).length,
    );
    const ratio = Math.max(one, other) / Math.min(one, other);
    worst.windows += 1;
    if (ratio > worst.worstRatio) Object.assign(worst, { worstRatio: ratio, written: [one, other] });
  }
  return worst;
}
