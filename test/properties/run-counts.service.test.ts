/** Whatever happens to a run, in whatever order: nothing is lost, nothing counts twice, and the counts add up to the selection. */
import fc from "fast-check";
import { Redis } from "ioredis";
import { expect, inject, it, onTestFinished } from "vitest";
import { type Hold, ItemStore } from "../../src/bulk/item-store.ts";
import { endedOf, type Outcome, outcomeSchema } from "../../src/bulk/run.ts";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { RunStore } from "../../src/bulk/run-store.ts";
import { Failure } from "../../src/contract/failure.ts";
import { KEEP_MS, specOf } from "../bulk/opened-runs.ts";
import { randomPrefix } from "../support/prefix.ts";

const ticket = fc.constantFrom("t1", "t2");
const nth = fc.nat(20);
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      ids: fc.array(fc.nat(250), { maxLength: 12 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("take" as const),
      ticket,
      most: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "change" as const,
        "skip" as const,
        "fail" as const,
        "send" as const,
        "withdraw" as const,
      ),
      nth,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("put-back" as const),
      nth,
      delayMs: fc.constantFrom(null, 0, 60_000),
      attempts: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "end-selection" as const,
        "pause" as const,
        "resume" as const,
        "retry-failed" as const,
        "conclude" as const,
        "shrink" as const,
      ),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const OUTCOMES = {
  change: { result: "changed" },
  skip: { result: "skipped", reason: "changed" },
  fail: { result: "failed", code: "not_found" },
} as const;

it("a run's counts add up after every step", async () => {
  const redis = new Redis(inject("redisUrl"));
  onTestFinished(() => redis.disconnect());
  const prefix = randomPrefix();
  const store = new RunStore(redis, prefix);
  const items = new ItemStore(redis, prefix);
  const reader = new RunReader(redis, prefix);
  let runs = 0;

  async function play(runId: string, steps: readonly Step[]): Promise<void> {
    /** Every take there was, stale ones among them: whoever holds one may still try to write. */
    const takes: Hold[] = [];
    const selected = new Set<string>();
    async function tell(step: Step): Promise<void> {
      if (step.kind === "add") {
        const ids = step.ids.map(String);
        await store.addItems(
          runId,
          ids.map((id) => ({ id })),
        );
        for (const id of ids) selected.add(id);
      } else if (step.kind === "take") {
        for (const each of (await items.take(runId, step.ticket, step.most))?.items ?? []) takes.push(each);
      } else if (!("nth" in step)) {
        const steps = {
          "end-selection": () => store.endSelection(runId),
          pause: () => store.pause(runId),
          resume: () => store.resume(runId),
          "retry-failed": () => store.retryFailed(runId),
          conclude: () => items.conclude(runId),
          shrink: () => items.shrink(runId),
        };
        await steps[step.kind]();
      } else {
        const take = takes.at(-1 - (step.nth % Math.max(1, takes.length)));
        if (take === undefined) return;
        if (step.kind === "send") await items.send(runId, take, { patch: {} });
        else if (step.kind === "withdraw") await items.withdraw(runId, take);
        else if (step.kind === "put-back") await items.putBack(runId, take, step.delayMs, step.attempts);
        else
          await items.finish(
            runId,
            take,
            outcomeSchema.parse({ id: take.id, at: new Date().toISOString(), ...OUTCOMES[step.kind] }),
          );
      }
    }
    await store.create(specOf({ run_id: runId, max_failures: { percent: 100 } }), {
      isDraft: false,
      keepMs: KEEP_MS,
    });
    for (const each of steps) {
      await tell(each).catch((error: unknown) => {
        if (!(error instanceof Failure && error.code === "conflict")) throw error;
      });
      const run = await reader.status(runId);
      const outcomes: Outcome[] = [];
      for await (const outcome of reader.outcomes(runId)) outcomes.push(outcome);
      expect(run?.counts.selected).toBe(selected.size);
      expect(new Set(outcomes.map(({ id }) => id)).size).toBe(outcomes.length);
      if (run === null) throw new Error("the run is gone");
      expect(outcomes).toHaveLength(endedOf(run.counts));
      expect(endedOf(run.counts) + run.counts.waiting + run.counts.in_hand).toBe(selected.size);
      if (run.state === "done") expect(endedOf(run.counts)).toBe(selected.size);
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      runs += 1;
      await play(`r${runs}`, steps);
    }),
    { numRuns: 80 },
  );
});
