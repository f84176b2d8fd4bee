/** Bulk runs as typed functions: select a draft, look at its plan, begin it, follow it, steer it, read its report, undo it. */
import { setTimeout as sleep } from "node:timers/promises";
import { changeSchema } from "../../src/bulk/change.ts";
import type { RunPlan } from "../../src/bulk/plan.ts";
import { type Item, isOver, type Outcome, type RunSpec, type RunStatus } from "../../src/bulk/run.ts";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { RunStore, unknownRun } from "../../src/bulk/run-store.ts";
import type { RedisConfig } from "../../src/config.ts";
import { Failure } from "../../src/contract/failure.ts";
import { findInstance } from "../../src/queue/instances.ts";
import type { Queues } from "../../src/queue/queues.ts";
import { findQuota, type Quota } from "../../src/queue/quotas.ts";
import { addTickets } from "../../src/queue/run-tickets.ts";
import { Stops } from "../../src/queue/stops.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import { readItems } from "./input/items.ts";
import { checkRequest, type ReclassifyRequest, type RunOptions, specOf } from "./request.ts";
import { checkSize } from "./size.ts";
import { type Remains, UndoItems } from "./undo-items.ts";

const ITEMS_AT_ONCE = 1_000;
const LOOK_EVERY_MS = 500;

export interface Draft {
  run: RunStatus;
  /** Ids that were given more than once. */
  repeated: number;
}

export interface UndoDraft extends Draft {
  remains: Remains;
}

/** What is known of a draft: complete once `plan.is_complete` and `run.is_selected`. */
export interface DraftLook {
  run: RunStatus;
  plan: RunPlan;
  /** Null as long as no worker of the instance has said what it is. */
  quota: Quota | null;
}

export interface Bulk {
  /**
   * Selects, and changes nothing. A draft is forgotten after an hour unless it is begun. `invalid_input` with all bad rows
   * at once, before anything is sent.
   */
  draft(request: ReclassifyRequest): Promise<Draft>;
  /** A draft that puts back what a run that is over has changed. `conflict` for one that is not. */
  draftUndo(runId: string, options?: RunOptions): Promise<UndoDraft>;
  /** Has workers select and look, unless `isAsked` is false. */
  look(runId: string, options?: { isAsked?: boolean }): Promise<DraftLook>;
  /** Begins a draft. `invalid_input` when more than 5,000 were selected and neither a limit nor `expect` says so. */
  start(runId: string, options?: { expect?: number | undefined }): Promise<RunStatus>;
  /** `not_found` for none, also by all that follow. */
  status(runId: string): Promise<RunStatus>;
  /** Newest first, without drafts. */
  list(): Promise<RunStatus[]>;
  /** How it stands, again and again, until it is over or paused, or the signal comes. */
  follow(
    runId: string,
    options?: { signal?: AbortSignal; everyMs?: number },
  ): AsyncGenerator<RunStatus, void>;
  /** What is in hand is finished; nothing else is begun until it is resumed. */
  pause(runId: string): Promise<RunStatus>;
  resume(runId: string): Promise<RunStatus>;
  /** For good. */
  cancel(runId: string): Promise<RunStatus>;
  /** Tries all failed incidents once more. */
  retryFailed(runId: string): Promise<RunStatus>;
  /** What became of each incident that has come to an end, read by page as the loop goes on. */
  report(runId: string): AsyncGenerator<Outcome, void>;
}

export function openBulk(redis: RedisClient, config: Pick<RedisConfig, "prefix">, queues: Queues): Bulk {
  const { prefix } = config;
  const store = new RunStore(redis, prefix);
  const stops = new Stops(redis, prefix);
  const reader = new RunReader(redis, prefix, (runs) => stops.explainRuns(runs));

  async function status(runId: string): Promise<RunStatus> {
    const run = await reader.status(runId);
    if (run === null) throw unknownRun(runId);
    return run;
  }

  /** A draft of all items, or none: it is forgotten when they end in an error. */
  async function draftOf(spec: RunSpec, portions: AsyncIterable<Item[]>): Promise<Draft> {
    const { bulkResultTtlMs: keepMs } = await findInstance(redis, prefix, spec.instance);
    await store.create(spec, { isDraft: true, keepMs });
    let repeated = 0;
    try {
      let room = spec.limit ?? Number.POSITIVE_INFINITY;
      for await (const portion of portions)
        while (portion.length > 0 && room > 0) {
          const counted = await store.addItems(spec.run_id, portion.splice(0, Math.min(room, ITEMS_AT_ONCE)));
          room -= counted.added;
          repeated += counted.repeated;
        }
      if (spec.selection.kind === "items") await store.endSelection(spec.run_id);
    } catch (error) {
      // It would be forgotten anyway, so this must not hide why.
      await store.cancel(spec.run_id).catch(() => undefined);
      throw error;
    }
    return { run: await status(spec.run_id), repeated };
  }

  async function withTickets(run: RunStatus): Promise<RunStatus> {
    if (!isOver(run.state)) await addTickets(queues, run.instance, run.run_id);
    return run;
  }

  return {
    status,
    list: () => reader.list(),
    pause: (runId) => store.pause(runId),
    cancel: (runId) => store.cancel(runId),
    resume: async (runId) => await withTickets(await store.resume(runId)),
    retryFailed: async (runId) => await withTickets(await store.retryFailed(runId)),
    async draft(request) {
      const { spec, rows } = checkRequest(request);
      const { onBadRow } = request;
      return await draftOf(
        spec,
        rows === null ? none() : readItems(rows, spec.change, { size: ITEMS_AT_ONCE, onBadRow }),
      );
    },
    async draftUndo(runId, options = {}) {
      const done = await status(runId);
      if (!isOver(done.state))
        throw new Failure(
          "conflict",
          `run ${JSON.stringify(runId)} is ${done.state}; cancel it before it is undone`,
        );
      const spec = specOf(
        { ...options, instance: done.instance },
        { kind: "items" },
        changeSchema.parse({}),
        runId,
      );
      const items = new UndoItems();
      const draft = await draftOf(spec, portionsOf(reader.outcomes(runId), items));
      return { ...draft, remains: items.remains };
    },
    async look(runId, { isAsked = true } = {}) {
      const run = await status(runId);
      // Whoever looks waits for a worker, so its tickets must be there, whatever became of those before.
      if (isAsked) await withTickets(run);
      const [plan, quota] = await Promise.all([reader.plan(runId), findQuota(redis, prefix, run.instance)]);
      return { run, plan, quota };
    },
    async start(runId, { expect } = {}) {
      const { counts, limit, is_draft: isDraft } = await status(runId);
      if (isDraft) checkSize(counts.selected, { limit, expect });
      return await withTickets(await store.start(runId));
    },
    async *follow(runId, { signal, everyMs = LOOK_EVERY_MS } = {}) {
      while (signal?.aborted !== true) {
        const run = await status(runId);
        yield run;
        if (isOver(run.state) || run.state === "paused") return;
        await sleep(everyMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
      }
    },
    async *report(runId) {
      await status(runId);
      yield* reader.outcomes(runId);
    },
  };
}

async function* none(): AsyncGenerator<Item[], void> {}

async function* portionsOf(outcomes: AsyncIterable<Outcome>, items: UndoItems): AsyncGenerator<Item[], void> {
  let portion: Item[] = [];
  for await (const outcome of outcomes) {
    const item = items.toItem(outcome);
    if (item !== null) portion.push(item);
    if (portion.length >= ITEMS_AT_ONCE) {
      yield portion;
      portion = [];
    }
  }
  if (portion.length > 0) yield portion;
}
