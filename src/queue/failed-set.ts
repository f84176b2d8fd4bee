/** BullMQ's failed set of one queue: read in pages, newest first, or searched for an id. */
import type { Queue } from "bullmq";
import { z } from "zod";
import { defineScript, type RedisClient } from "../redis-script.ts";
import { queueJobId } from "./names.ts";

/** Jobs read at once. */
const PAGE = 100;
/** Ids looked through at once. */
const SCAN = 1_000;

/** What BullMQ keeps of a job. */
export interface QueueEntry {
  queueJobId: string;
  /** Null when BullMQ does not have it as failed. */
  failedAtMs: number | null;
  name: string;
  /** Whatever somebody has put there. */
  data: unknown;
  /** `code: message` when a worker of ours failed it. */
  reason: string;
}

/** Of a range of the set, oldest first: the code of each job's reason and when it failed. ARGV: first, last, what jobs' keys begin with. */
const readCodes = defineScript(`
local members = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES')
local found = {}
for i = 1, #members, 2 do
  local reason = redis.call('HGET', ARGV[3] .. members[i], 'failedReason') or ''
  found[#found + 1] = {string.match(reason, '^([a-z_]+):') or '', members[i + 1]}
end
return found
`);
const codesReply = z.array(z.tuple([z.string(), z.coerce.number()]));

export class FailedSet {
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  readonly #key: string;

  constructor(redis: RedisClient, queue: Queue) {
    this.#redis = redis;
    this.#queue = queue;
    this.#key = queue.toKey("failed");
  }

  /** Newest first: those that failed at `sinceMs` or later. What is removed or added meanwhile makes it neither skip nor repeat others. */
  async *pages(sinceMs: number): AsyncGenerator<QueueEntry[], void> {
    let latestMs = "+inf";
    // Positions shift when jobs are removed, so a page begins at the last time that was seen, less what was seen of it.
    let seen = new Set<string>();
    for (;;) {
      const count = PAGE + seen.size;
      const pairs = await this.#redis.zrange(
        this.#key,
        latestMs,
        String(sinceMs),
        "BYSCORE",
        "REV",
        "LIMIT",
        0,
        count,
        "WITHSCORES",
      );
      const members = readPairs(pairs);
      yield await this.#readAll(members.filter(({ id }) => !seen.has(id)));
      if (members.length < count) return;
      latestMs = members.at(-1)?.score ?? latestMs;
      seen = new Set(members.filter(({ score }) => score === latestMs).map(({ id }) => id));
    }
  }

  /** The code of every failed job, empty where the reason has none; what jobs hold is not read. */
  async *codes(): AsyncGenerator<{ code: string; failedAtMs: number }, void> {
    for (let first = 0; ; first += SCAN) {
      const args = [first, first + SCAN - 1, this.#queue.toKey("")];
      const read = codesReply.parse(await readCodes(this.#redis, [this.#key], args));
      for (const [code, failedAtMs] of read) yield { code, failedAtMs };
      if (read.length < SCAN) return;
    }
  }

  /** All generations of a job of ours, and a foreign one of that very id. */
  async search(jobId: string): Promise<QueueEntry[]> {
    const found = new Map<string, Member>();
    const pattern = `${jobId.replace(/[*?[\]\\]/g, "\\$&")}*`;
    const isOfJob = (id: string) => id === jobId || /^-\d+$/.test(id.slice(jobId.length));
    let cursor = "0";
    do {
      const [next, pairs] = await this.#redis.zscan(this.#key, cursor, "MATCH", pattern, "COUNT", SCAN);
      for (const member of readPairs(pairs)) if (isOfJob(member.id)) found.set(member.id, member);
      cursor = next;
    } while (cursor !== "0");
    return await this.#readAll([...found.values()]);
  }

  /** A generation of a job, or a foreign one of that id, in whatever state; null when BullMQ does not have it. */
  async find(jobId: string, generation: number): Promise<QueueEntry | null> {
    for (const id of [queueJobId(jobId, generation), jobId]) {
      const entry = await this.#read(id);
      if (entry === null) continue;
      const score = await this.#redis.zscore(this.#key, id);
      return { ...entry, failedAtMs: score === null ? null : Number(score) };
    }
    return null;
  }

  /** Removes a failed job. True for one of several who do. */
  async take(id: string): Promise<boolean> {
    // BullMQ also says that it has removed what was not there.
    const isTaken = (await this.#redis.zrem(this.#key, id)) === 1;
    await this.#queue.remove(id);
    return isTaken;
  }

  async #readAll(members: readonly Member[]): Promise<QueueEntry[]> {
    const entries = await Promise.all(
      members.map(async ({ id, score }) => {
        const entry = await this.#read(id);
        return entry && { ...entry, failedAtMs: Number(score) };
      }),
    );
    return entries.filter((entry) => entry !== null);
  }

  async #read(id: string): Promise<Omit<QueueEntry, "failedAtMs"> | null> {
    try {
      const job = await this.#queue.getJob(id);
      return (
        (job && { queueJobId: id, name: job.name, data: job.data, reason: job.failedReason ?? "" }) ?? null
      );
    } catch (error) {
      // BullMQ reads JSON, which others need not have written.
      if (!(error instanceof SyntaxError)) throw error;
      return { queueJobId: id, name: "", data: null, reason: "invalid_input: the payload is not JSON" };
    }
  }
}

interface Member {
  id: string;
  score: string;
}

/** Members and scores in turn, as Redis answers them. */
function readPairs(flat: readonly string[]): Member[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => ({
    id: String(flat[2 * index]),
    score: String(flat[2 * index + 1]),
  }));
}
