/** What the engine writes of a run's items. Every write names the fence of its take, and is refused once that is stale. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import type { RedisClient, Script } from "../redis-script.ts";
import * as scripts from "./item-scripts.ts";
import type { PlanPart } from "./plan.ts";
import {
  fieldsSchema,
  type Item,
  type Outcome,
  RUN_STATES,
  type RunState,
  readItem,
  writeItem,
} from "./run.ts";
import { liveRunsKey, runKey, runKeys } from "./run-keys.ts";
import { type RunReading, readRun } from "./run-record.ts";
import { addPage, change } from "./run-scripts.ts";

const zip = promisify(gzip);

/** Outcomes of one page. */
const PAGE_OUTCOMES = 1_000;

/** What is done of an item whose comment is still to be added. */
export const doneSchema = z.object({
  /** Null when the run sets only a comment. */
  update: z
    .object({ before: fieldsSchema.optional(), after: fieldsSchema, url: z.string().nullable() })
    .nullable(),
  /** As it is sent, also when it is tried again. */
  comment: z.string(),
});
export type Done = z.output<typeof doneSchema>;

const json = z.string().transform((text): unknown => JSON.parse(text));
const recordSchema = json.pipe(
  z.object({
    id: z.string(),
    item: z.string().transform(readItem),
    token: z.string(),
    attempts: z.number(),
    /** Takes after which nothing more was heard of it. */
    deaths: z.number(),
    note: json.pipe(z.record(z.string(), z.unknown())).nullable().default(null),
    note_ms: z.coerce.number().default(0),
    done: json.pipe(doneSchema).nullable().default(null),
  }),
);
export type Taken = z.output<typeof recordSchema>;
export type Hold = Pick<Taken, "id" | "token">;

const state = z.enum(RUN_STATES);
const takeReply = z.tuple([state, z.coerce.number(), z.string(), z.array(recordSchema)]).nullable();
const sendReply = z.tuple([z.enum(["ok", "cancelled", "stale"]), z.coerce.number()]);
const concludeReply = z.tuple([state, z.number()]).nullable();

export class ItemStore {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  async read(runId: string): Promise<RunReading | null> {
    return await readRun(this.#redis, this.#prefix, runId);
  }

  /** Runs that workers may have to see to, by id, each with its instance. */
  async live(): Promise<Map<string, string>> {
    return new Map(Object.entries(await this.#redis.hgetall(liveRunsKey(this.#prefix))));
  }

  async forget(runId: string): Promise<void> {
    await this.#redis.hdel(liveRunsKey(this.#prefix), runId);
  }

  /** What one page of a listing selects. False when another worker was faster, or the run selects no more. */
  async addPage(
    runId: string,
    cursor: string,
    page: { cursor: string; isLast: boolean; read: number; items: readonly Item[] },
  ): Promise<boolean> {
    const items = page.items.flatMap((item) => [item.id, writeItem(item)]);
    const args = [cursor, page.cursor, page.isLast ? 1 : 0, page.read, ...items];
    return (await this.#run(addPage, runId, args)) === 1;
  }

  /** `part` names what was looked at, so that it counts once. */
  async addToPlan(runId: string, part: string, isComplete: boolean, found: PlanPart): Promise<void> {
    const lines = [...found.lines].flat();
    const samples = found.samples.map((sample) => JSON.stringify(sample));
    const args = [part, found.lookedAt, found.unchanged, isComplete ? 1 : 0, found.lines.size];
    await this.#run(scripts.addToPlan, runId, [...args, ...lines, ...samples]);
  }

  async isPlanned(runId: string): Promise<boolean> {
    return (await this.#redis.hexists(runKey(this.#prefix, runId, "plan"), "is_complete")) === 1;
  }

  /** The next ones in line; nobody has them in hand. */
  async peek(runId: string, count: number): Promise<Item[]> {
    return (await this.#redis.lrange(runKey(this.#prefix, runId, "pending"), 0, count - 1)).map(readItem);
  }

  /** Null when there is no such run any more. */
  async take(runId: string, ticket: string, most: number) {
    const reply = takeReply.parse(await this.#run(scripts.take, runId, [ticket, most]));
    if (reply === null) return null;
    const [runState, nowMs, due, items] = reply;
    return { state: runState, nowMs, dueMs: due === "" ? null : Number(due), items };
  }

  async send(runId: string, { id, token }: Hold, note: object) {
    const args = [id, token, JSON.stringify(note)];
    const [verdict, nowMs] = sendReply.parse(await this.#run(scripts.send, runId, args));
    return { verdict, nowMs };
  }

  async withdraw(runId: string, { id, token }: Hold): Promise<void> {
    await this.#run(scripts.withdraw, runId, [id, token]);
  }

  /** False when the take is stale. */
  async advance(runId: string, { id, token }: Hold, done: Done): Promise<boolean> {
    return (await this.#run(scripts.advance, runId, [id, token, JSON.stringify(done)])) === 1;
  }

  /** `delayMs` null: first in line. */
  async putBack(runId: string, { id, token }: Hold, delayMs: number | null, attempts: number): Promise<void> {
    const due = delayMs === null ? "" : Math.ceil(delayMs);
    await this.#run(scripts.putBack, runId, [id, token, due, attempts]);
  }

  /** Writes the outcome down, and keeps the open ones few. A stale take writes nothing. */
  async finish(runId: string, { id, token }: Hold, outcome: Outcome): Promise<void> {
    const args = [id, token, JSON.stringify(outcome), counterOf(outcome), outcome.code ?? ""];
    const open = Number(await this.#run(scripts.finish, runId, args));
    if (open >= PAGE_OUTCOMES) await this.#fold(runId, PAGE_OUTCOMES);
  }

  /** Ends the run when nothing is left. `left` counts what still has to be seen to. */
  async conclude(runId: string): Promise<{ state: RunState; left: number } | null> {
    const reply = concludeReply.parse(await this.#run(scripts.conclude, runId, []));
    return reply === null ? null : { state: reply[0], left: reply[1] };
  }

  /** Puts the last outcomes into a page. */
  async shrink(runId: string): Promise<void> {
    while ((await this.#fold(runId, PAGE_OUTCOMES)) === PAGE_OUTCOMES);
  }

  async fail(runId: string, reason: string): Promise<void> {
    await this.#run(change, runId, ["fail", reason]);
  }

  /** Those of `ids` that the other run holds, as long as it is running. */
  async heldBy(otherRunId: string, ids: readonly string[]): Promise<Set<string>> {
    const reply = z.array(z.number()).parse(await this.#run(scripts.holding, otherRunId, ids));
    return new Set(ids.filter((_, index) => reply[index] === 1));
  }

  async #fold(runId: string, most: number): Promise<number> {
    const [number, lines] = await Promise.all([
      this.#redis.hlen(runKey(this.#prefix, runId, "pages")),
      this.#redis.lrange(runKey(this.#prefix, runId, "open"), 0, most - 1),
    ]);
    if (lines.length === 0) return 0;
    const page = await zip(lines.join("\n"));
    await this.#run(scripts.fold, runId, [number, lines.length, page]);
    return lines.length;
  }

  #run(script: Script, runId: string, args: readonly (string | number | Buffer)[]): Promise<unknown> {
    return script(this.#redis, runKeys(this.#prefix, runId), args);
  }
}

function counterOf({ result, reason, code }: Outcome): string {
  if (result === "skipped") return `skip:${reason}`;
  return result === "failed" ? `fail:${code}` : result;
}
