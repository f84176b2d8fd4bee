/** The shipped `bulk` commands, and what they print, as a test or a bench uses them. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Ended, type Running, runBin, startBin, type Variables } from "../cli/bin.ts";

const counts = z.record(z.string(), z.number());
const runSchema = z.looseObject({ run_id: z.string(), case_id: z.string(), state: z.string() });
const statusSchema = runSchema.extend({
  reason: z.string().nullable(),
  counts: z.object({
    read: z.number(),
    selected: z.number(),
    changed: z.number(),
    unchanged: z.number(),
    skipped: counts,
    failed: counts,
    waiting: z.number(),
    in_hand: z.number(),
  }),
});
export type Status = z.infer<typeof statusSchema>;

const lineSchema = z.looseObject({
  id: z.string(),
  result: z.string(),
  reason: z.string().nullish(),
  before: z.record(z.string(), z.unknown()).nullish(),
  after: z.record(z.string(), z.unknown()).nullish(),
});
export type ReportLine = z.infer<typeof lineSchema>;

const LOOK_EVERY_MS = 500;

export class BulkCli {
  readonly #env: Variables;

  constructor(env: Variables) {
    this.#env = env;
  }

  /** Rejects with what it said when it does not exit 0. */
  async run(...args: string[]): Promise<Ended> {
    const ended = await runBin(["bulk", ...args], this.#env);
    if (ended.code === 0) return ended;
    throw new Error(`bulk ${args.join(" ")} exited ${ended.code}:\n${ended.err}${ended.out.slice(-2_000)}`);
  }

  /** Goes on until it ends or is killed. */
  start(...args: string[]): Running {
    return startBin(["bulk", ...args], this.#env);
  }

  /** Newest first. */
  async list(): Promise<z.infer<typeof runSchema>[]> {
    return z.array(runSchema).parse(JSON.parse((await this.run("list", "--json")).out));
  }

  /** The run of a case, as soon as it is there. */
  async findRun(caseId: string, running?: Running): Promise<string> {
    let ended: Ended | undefined;
    void running?.ended.then((how) => {
      ended = how;
    });
    for (;;) {
      const found = (await this.list()).find((run) => run.case_id === caseId);
      if (found !== undefined) return found.run_id;
      if (ended !== undefined) throw new Error(`no run; it exited ${ended.code}:\n${ended.err}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async status(runId: string): Promise<Status> {
    return statusSchema.parse(JSON.parse((await this.run("status", runId, "--json")).out));
  }

  /** Nothing announces it, so it is asked for. */
  async until(runId: string, isSo: (status: Status) => boolean): Promise<Status> {
    for (;;) {
      const status = await this.status(runId);
      if (isSo(status)) return status;
      if (["failed", "cancelled"].includes(status.state))
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
