/** Reads runs; never writes. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { RedisClient } from "../redis-script.ts";
import { type RunPlan, readPlan } from "./plan.ts";
import { type Outcome, outcomeSchema, type RunStatus } from "./run.ts";
import { liveRunsKey, runKey, runsKey } from "./run-keys.ts";
import { failedSchema, readRun } from "./run-record.ts";

const unzip = promisify(gunzip);
const OPEN_AT_ONCE = 500;

export class RunReader {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #explain: (runs: readonly RunStatus[]) => Promise<RunStatus[]>;

  /** `explain` says of runs why they stand still. */
  constructor(
    redis: RedisClient,
    prefix: string,
    explain: (runs: readonly RunStatus[]) => Promise<RunStatus[]> = async (runs) => [...runs],
  ) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#explain = explain;
  }

  /** Null when there is no such run, or no more. */
  async status(runId: string): Promise<RunStatus | null> {
    const [run = null] = await this.#read([runId]);
    return run;
  }

  /** Newest first, without drafts. */
  async list({ offset = 0, limit }: { offset?: number; limit?: number } = {}): Promise<RunStatus[]> {
    const last = limit === undefined ? -1 : offset + limit - 1;
    return withoutDrafts(await this.#read(await this.#redis.zrevrange(runsKey(this.#prefix), offset, last)));
  }

  /** How many `list` knows, those among them whose reports have just run out. */
  async count(): Promise<number> {
    return await this.#redis.zcard(runsKey(this.#prefix));
  }

  /** Those that workers still have to do something about, without drafts, in no order. */
  async live(): Promise<RunStatus[]> {
    return withoutDrafts(await this.#read(await this.#redis.hkeys(liveRunsKey(this.#prefix))));
  }

  async #read(ids: readonly string[]): Promise<RunStatus[]> {
    const runs = await Promise.all(ids.map((id) => readRun(this.#redis, this.#prefix, id)));
    return await this.#explain(runs.flatMap((run) => (run === null ? [] : [run.status])));
  }

  /** Each item that has ended, once; of a run at work also some that end meanwhile. */
  async *outcomes(runId: string): AsyncGenerator<Outcome> {
    for await (const line of this.#settledLines(runId)) yield readOutcome(line);
    yield* this.#failures(runId);
  }

  /** Items that are not as was asked: those that failed, then those that were skipped. */
  async *misses(runId: string): AsyncGenerator<Outcome> {
    yield* this.#failures(runId);
    for await (const line of this.#settledLines(runId)) {
      // Most of a million lines are of what was changed, and need not be parsed for this.
      if (!line.includes('"skipped"')) continue;
      const outcome = readOutcome(line);
      if (outcome.result === "skipped") yield outcome;
    }
  }

  /**
   * What has ended and did not fail, a line of JSON each. Pages are numbered and never change, so what is moved from the open
   * ones into a page while we read is taken from there.
   */
  async *#settledLines(runId: string): AsyncGenerator<string> {
    const key = (part: "pages" | "open") => runKey(this.#prefix, runId, part);
    for (let number = 0; ; ) {
      const page = await this.#redis.hgetBuffer(key("pages"), String(number));
      if (page !== null) {
        number += 1;
        yield* (await unzip(page)).toString("utf8").split("\n");
        continue;
      }
      const open = await this.#redis.lrange(key("open"), 0, -1);
      // They may have become a page between the two.
      if ((await this.#redis.hexists(key("pages"), String(number))) === 1) continue;
      yield* open;
      return;
    }
  }

  async *#failures(runId: string): AsyncGenerator<Outcome> {
    let cursor = "0";
    do {
      const key = runKey(this.#prefix, runId, "failed");
      const [next, flat] = await this.#redis.hscan(key, cursor, "COUNT", OPEN_AT_ONCE);
      for (let i = 1; i < flat.length; i += 2) yield failedSchema.parse(JSON.parse(String(flat[i])));
      cursor = next;
    } while (cursor !== "0");
  }

  /** What a draft would change; complete once `is_complete` says so. */
  async plan(runId: string): Promise<RunPlan> {
    const [fields, run] = await Promise.all([
      this.#redis.hgetall(runKey(this.#prefix, runId, "plan")),
      this.status(runId),
    ]);
    return readPlan(fields, run?.counts.read ?? 0);
  }
}

function withoutDrafts(runs: readonly RunStatus[]): RunStatus[] {
  return runs.filter(({ is_draft: isDraft }) => !isDraft);
}

function readOutcome(line: string): Outcome {
  return outcomeSchema.parse(JSON.parse(line));
}
