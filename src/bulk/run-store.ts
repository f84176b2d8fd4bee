/** Makes, selects and steers runs: what producers write. */
import { z } from "zod";
import { Failure } from "../contract/failure.ts";
import type { RedisClient, Script } from "../redis-script.ts";
import { type Item, type RunSpec, type RunStatus, runSpecSchema, writeItem } from "./run.ts";
import { liveRunsKey, runKey, runKeys, runsKey } from "./run-keys.ts";
import { readRun } from "./run-record.ts";
import * as scripts from "./run-scripts.ts";

/** The most that are added at once: one script holds Redis up for a few milliseconds. */
const MOST_ADDED = 1_000;
const RETRIED_AT_ONCE = 500;
/** Old runs whose keys have run out, looked for whenever a new one is made. */
const FORGOTTEN_AT_ONCE = 20;

const reply = z.union([z.null(), z.number(), z.string()]);

export class RunStore {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** A run in state `selecting`; `keepMs` is how long its report is kept after its end. A draft is forgotten after an hour. */
  async create(spec: RunSpec, { isDraft, keepMs }: { isDraft: boolean; keepMs: number }): Promise<void> {
    const { run_id, instance, limit, max_failures } = runSpecSchema.parse(spec);
    const created = await this.#run(scripts.create, run_id, [
      JSON.stringify(spec),
      isDraft ? 1 : 0,
      Math.ceil(keepMs),
      limit ?? "",
      "count" in max_failures ? max_failures.count : "",
      "percent" in max_failures ? max_failures.percent : "",
    ]);
    if (created === null)
      throw new Failure("conflict", `run ${JSON.stringify(run_id)}: there is one already`);
    await this.#redis.hset(liveRunsKey(this.#prefix), run_id, instance);
    if (!isDraft) await this.#show(run_id);
  }

  /** Up to 1,000 items. Ids that the run has already are folded, and counted. Throws `conflict` once its selection has ended. */
  async addItems(runId: string, items: readonly Item[]): Promise<{ added: number; repeated: number }> {
    if (items.length > MOST_ADDED) throw new Error(`${items.length} items at once`);
    const args = items.flatMap((item) => [item.id, writeItem(item)]);
    const added = this.#demand(runId, await this.#run(scripts.addItems, runId, args), "takes no more items");
    return { added, repeated: items.length - added };
  }

  /** No items will follow. One that is no draft goes to work. */
  async endSelection(runId: string): Promise<void> {
    this.#demand(runId, await this.#run(scripts.endSelection, runId, []), "");
  }

  /** Makes a draft a run, with the incidents that were selected for it. */
  async start(runId: string): Promise<RunStatus> {
    await this.#change(runId, "start", "can't be started");
    await this.#show(runId);
    return await this.#status(runId);
  }

  async pause(runId: string, reason: string | null = null): Promise<RunStatus> {
    return await this.#change(runId, "pause", "can't be paused", reason);
  }

  async resume(runId: string): Promise<RunStatus> {
    return await this.#change(runId, "resume", "can't be resumed");
  }

  /** For good: what was not begun never will be. What a draft has selected is forgotten. */
  async cancel(runId: string, reason: string | null = null): Promise<RunStatus> {
    return await this.#change(runId, "cancel", "can't be cancelled", reason);
  }

  /** Tries all failed items once more; with none it changes nothing. */
  async retryFailed(runId: string): Promise<RunStatus> {
    let left: number;
    do {
      const answer = await this.#run(scripts.retryFailed, runId, [RETRIED_AT_ONCE]);
      left = this.#demand(runId, answer, "has nothing to retry");
    } while (left > 0);
    const run = await this.#status(runId);
    await this.#redis.hset(liveRunsKey(this.#prefix), runId, run.instance);
    return run;
  }

  async #change(
    runId: string,
    verb: string,
    refused: string,
    reason: string | null = null,
  ): Promise<RunStatus> {
    const answer = await this.#run(scripts.change, runId, [verb, reason ?? ""]);
    this.#demand(runId, answer, refused);
    return await this.#status(runId);
  }

  async #status(runId: string): Promise<RunStatus> {
    const run = await readRun(this.#redis, this.#prefix, runId);
    if (run === null) throw unknownRun(runId);
    return run.status;
  }

  /** Into the list of runs, by its creation. */
  async #show(runId: string): Promise<void> {
    const createdMs = await this.#redis.hget(runKey(this.#prefix, runId, "run"), "created_ms");
    await this.#redis.zadd(runsKey(this.#prefix), createdMs ?? "0", runId);
    const oldest = await this.#redis.zrange(runsKey(this.#prefix), 0, `${FORGOTTEN_AT_ONCE - 1}`);
    for (const id of oldest)
      if ((await this.#redis.exists(runKey(this.#prefix, id, "run"))) === 0)
        await this.#redis.zrem(runsKey(this.#prefix), id);
  }

  #demand(runId: string, answer: string | number | null, refused: string): number {
    if (answer === null) throw unknownRun(runId);
    if (typeof answer === "number") return answer;
    throw new Failure("conflict", `run ${JSON.stringify(runId)} is ${answer} and ${refused}`);
  }

  async #run(
    script: Script,
    runId: string,
    args: readonly (string | number)[],
  ): Promise<string | number | null> {
    return reply.parse(await script(this.#redis, runKeys(this.#prefix, runId), args));
  }
}

export function unknownRun(runId: string): Failure {
  return new Failure(
    "not_found",
    `run ${JSON.stringify(runId)}: there is none, or its report is no longer kept`,
    {
      hint: "Look at the runs there are: defender-actions bulk list",
    },
  );
}
