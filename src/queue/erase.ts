/** Takes a case's texts and rows out of Redis, and leaves what keeps a request from being done twice. */
import { findAction } from "../actions/catalog.ts";
import type { RedisConfig } from "../config.ts";
import type { RedisClient } from "../redis-script.ts";
import { eraseResult } from "../results/erasure.ts";
import { caseKeys, type JobRef } from "../results/keys.ts";
import { ResultReader, type Standing } from "../results/reader.ts";
import { queueFor, queueJobId } from "./names.ts";
import type { Queues } from "./queues.ts";

export interface Erasure {
  /** Job ids, oldest first. */
  erased: string[];
  /** Jobs that are as they were, and why: what is not over, and a write whose outcome nobody knows, needs its texts. */
  kept: { jobId: string; because: "not over" | "outcome unknown" }[];
}

export class Eraser {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #queues: Queues;
  readonly #reader: ResultReader;

  constructor(redis: RedisClient, { prefix }: Pick<RedisConfig, "prefix">, queues: Queues) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#queues = queues;
    this.#reader = new ResultReader(redis, prefix);
  }

  /** Safe to repeat. A case that nobody knows has nothing to erase. */
  async eraseCase(caseId: string): Promise<Erasure> {
    const erasure: Erasure = { erased: [], kept: [] };
    for (const jobId of await this.#redis.zrange(caseKeys(this.#prefix, caseId).jobs, "0", "-1")) {
      const standing = await this.#reader.standing({ caseId, jobId });
      if (standing === null) continue;
      const isUnknown = standing.openWrite !== null || standing.result.error?.code === "outcome_unknown";
      if (isUnknown) erasure.kept.push({ jobId, because: "outcome unknown" });
      else if (await this.#erase({ caseId, jobId }, standing)) erasure.erased.push(jobId);
      else erasure.kept.push({ jobId, because: "not over" });
    }
    return erasure;
  }

  async #erase(ref: JobRef, { result, priority, generation }: Standing): Promise<boolean> {
    if (result.status !== "completed" && result.status !== "failed") return false;
    // The queue's copies first: while the record still has its texts, whoever is cut off here finds all of it again.
    const queue = this.#queues.get(queueFor(findAction(result.action), result.instance, priority));
    for (let each = 1; each <= generation; each += 1) {
      const id = queueJobId(ref.jobId, each);
      // A worker that has just ended the job still holds it.
      if ((await queue.getJobState(id)) !== "unknown" && (await queue.remove(id)) === 0) return false;
    }
    return await eraseResult(this.#redis, this.#prefix, ref, generation);
  }
}
