/** Reads runs; never writes. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { RedisClient } from "../redis-script.ts";
import { type RunPlan, readPlan } from "./plan.ts";
import { type Outcome, outcomeSchema, type RunStatus } from "./run.ts";
import { runKey, runsKey } from "./run-keys.ts";
import { failedSchema, readRun } from "./run-record.ts";

const unzip = promisify(gunzip);
const OPEN_AT_ONCE = 500;

export class RunReader {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** Null when there is no such run, or no more. */
  async status(runId: string): Promise<RunStatus | null> {
    return (await readRun(this.#redis, this.#prefix, runId))?.status ?? null;
  }

  /** Newest first, without drafts. */
  async list(): Promise<RunStatus[]> {
    const ids = await this.#redis.zrevrange(runsKey(this.#prefix), 0, -1);
    const runs = await Promise.all(ids.map((id) => this.status(id)));
    return runs.filter((run) => run !== null && !run.is_draft).filter((run) => run !== null);
  }

  /**
   * Each item that has ended, once; of a run at work also some that end meanwhile. Pages are numbered and never change, so
   * what is moved from the open ones into a page while we read is taken from there.
   */
  async *outcomes(runId: string): AsyncGenerator<Outcome> {
    const key = (part: "pages" | "open" | "failed") => runKey(this.#prefix, runId, part);
    let number = 0;
    for (;;) {
      const page = await this.#redis.hgetBuffer(key("pages"), String(number));
      if (page !== null) {
        number += 1;
        const lines = (await unzip(page)).toString("utf8").split("\n");
        for (const line of lines) yield outcomeSchema.parse(JSON.parse(line));
        continue;
      }
      const open = await this.#redis.lrange(key("open"), 0, -1);
      // They may have become a page between the two.
      if ((await this.#redis.hexists(key("pages"), String(number))) === 1) continue;
      for (const line of open) yield outcomeSchema.parse(JSON.parse(line));
      break;
    }
    let cursor = "0";
    do {
      const [next, flat] = await this.#redis.hscan(key("failed"), cursor, "COUNT", OPEN_AT_ONCE);
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
