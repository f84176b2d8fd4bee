/** A worker, a simulated Defender, and runs made as producers make them. */
import { expect, vi } from "vitest";
import { endedOf, isOver, type Outcome, type RunSpec, type RunStatus } from "../../../src/bulk/run.ts";
import { RunReader } from "../../../src/bulk/run-reader.ts";
import { RunStore } from "../../../src/bulk/run-store.ts";
import { Queues } from "../../../src/queue/queues.ts";
import { addTickets } from "../../../src/queue/run-tickets.ts";
import { KEEP_MS, specOf } from "../../bulk/opened-runs.ts";
import { openEngine } from "../running.ts";

type Engine = Awaited<ReturnType<typeof openEngine>>;

export async function openBulk(env: Readonly<Record<string, string>> = {}) {
  const engine = await openEngine(env);
  return { ...engine, ...bulkOf(engine) };
}

export function bulkOf({ redis, prefix }: Pick<Engine, "redis" | "prefix">) {
  const store = new RunStore(redis, prefix);
  const reader = new RunReader(redis, prefix);
  const queues = new Queues(redis, { prefix, mode: "single" });
  const until = async (
    runId: string,
    isSo: (run: RunStatus) => boolean,
    timeout = 50_000,
  ): Promise<RunStatus> => {
    // `expect.poll` belongs to one test, of which several run at once.
    await vi.waitFor(async () => expect(isSo(await status(runId))).toBe(true), { timeout, interval: 20 });
    return await status(runId);
  };
  const status = async (runId: string): Promise<RunStatus> => {
    const run = await reader.status(runId);
    if (run === null) throw new Error(`run ${runId} is gone`);
    return run;
  };
  return {
    store,
    reader,
    queues,
    status,
    until,
    /** Selects `ids`, and goes to work. */
    async runOn(ids: readonly (string | number)[], more: Partial<RunSpec> = {}): Promise<void> {
      const spec = specOf(more);
      await store.create(spec, { isDraft: false, keepMs: KEEP_MS });
      await store.addItems(
        spec.run_id,
        ids.map((id) => ({ id: String(id) })),
      );
      await store.endSelection(spec.run_id);
      await addTickets(queues, spec.instance, spec.run_id);
    },
    async runOver(more: Partial<RunSpec>, isDraft = false): Promise<void> {
      const spec = specOf(more);
      await store.create(spec, { isDraft, keepMs: KEEP_MS });
      await addTickets(queues, spec.instance, spec.run_id);
    },
    end: (runId = "r1") => until(runId, ({ state }) => isOver(state)),
    async outcomes(runId = "r1"): Promise<Outcome[]> {
      const all: Outcome[] = [];
      for await (const outcome of reader.outcomes(runId)) all.push(outcome);
      return all.sort((a, b) => Number(a.id) - Number(b.id));
    },
    /** The sum that always holds. */
    async balance(runId = "r1"): Promise<void> {
      const { counts } = await status(runId);
      expect(endedOf(counts) + counts.waiting + counts.in_hand).toBe(counts.selected);
    },
  };
}
