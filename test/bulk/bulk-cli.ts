/** The shipped `bulk` commands, as a test or a bench uses them; how runs stand is read without one, for each takes a second to start. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { RunStatus } from "../../src/bulk/run.ts";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { connectWorker } from "../../src/queue/connection.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import { type Ended, type Running, runBin, startBin, type Variables } from "../cli/bin.ts";
import type { Rig } from "../support/rig.ts";

const listSchema = z.array(z.looseObject({ run_id: z.string(), case_id: z.string(), state: z.string() }));
const lineSchema = z.looseObject({
  id: z.string(),
  result: z.string(),
  reason: z.string().nullish(),
  before: z.record(z.string(), z.unknown()).nullish(),
  after: z.record(z.string(), z.unknown()).nullish(),
});
export type ReportLine = z.infer<typeof lineSchema>;

const LOOK_EVERY_MS = 100;

export class BulkCli {
  readonly #env: Variables;
  readonly #redis: RedisClient;
  readonly #reader: RunReader;

  constructor({ redis, redisUrl, prefix }: Pick<Rig, "redis" | "redisUrl" | "prefix">) {
    this.#env = { REDIS_URL: redisUrl, QUEUE_PREFIX: prefix };
    this.#redis = connectWorker(redis);
    this.#reader = new RunReader(this.#redis, prefix);
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** Rejects with what it said when it does not exit 0. */
  async run(...args: string[]): Promise<Ended> {
    const ended = await runBin(["bulk", ...args], this.#env);
    if (ended.code === 0) return ended;
    throw new Error(`bulk ${args.join(" ")} exited ${ended.code}:\n${ended.err}${ended.out.slice(-2_000)}`);
  }

  /** Goes on until it ends or is killed. `nodeArgs` are for Node itself. */
  start(args: readonly string[], nodeArgs: readonly string[] = []): Running {
    return startBin(["bulk", ...args], this.#env, nodeArgs);
  }

  /** Newest first. */
  async list(): Promise<z.infer<typeof listSchema>> {
    return listSchema.parse(JSON.parse((await this.run("list", "--json")).out));
  }

  /** The first run that is looked for, as soon as it is there; rejects when the command that makes it ends before. */
  async findRun(isIt: (run: RunStatus) => boolean, { ended }: Running): Promise<string> {
    let how: Ended | undefined;
    void ended.then((end) => {
      how = end;
    });
    for (;;) {
      const hasEnded = how;
      const found = (await this.#reader.list()).find(isIt);
      if (found !== undefined) return found.run_id;
      if (hasEnded !== undefined) throw new Error(`no run; it exited ${hasEnded.code}:\n${hasEnded.err}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Nothing announces it, so it is looked for. */
  async until(runId: string, isSo: (status: RunStatus) => boolean): Promise<RunStatus> {
    for (;;) {
      const status = await this.#reader.status(runId);
      if (status === null) throw new Error(`no run ${runId}`);
      if (isSo(status)) return status;
      if (status.state === "failed" || status.state === "cancelled")
        throw new Error(`run ${status.state}: ${status.reason}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async report(runId: string): Promise<ReportLine[]> {
    const { out } = await this.run("report", runId, "--format", "ndjson");
    return out
      .trimEnd()
      .split("\n")
      .map((line) => lineSchema.parse(JSON.parse(line)));
  }
}
