/** A store and a reader on a prefix of their own, and the steps of a job's life in one word each. */
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import { Failure, type FailureCode } from "../../src/contract/failure.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import { caseKeys, type JobRef } from "../../src/results/keys.ts";
import { ResultReader } from "../../src/results/reader.ts";
import type { Head } from "../../src/results/record.ts";
import type { RowMemory } from "../../src/results/row-sets.ts";
import { type Creation, type Fence, ResultStore, type Verdict } from "../../src/results/store.ts";
import { ChangeWatch } from "../../src/results/watch.ts";
import { randomPrefix } from "../support/prefix.ts";

export const KEEP_MS = 60_000;

export function headOf({ caseId, jobId }: JobRef): Head {
  return {
    v: 1,
    case_id: caseId,
    job_id: jobId,
    action: "update_incident",
    instance: "default",
    priority: "interactive",
    requested_by: "ada",
    caller: null,
    alert_group_identifiers: ["group-1"],
    scope: "All entities",
  };
}

export function completed(json: unknown = null, more: Partial<Verdict> = {}): Verdict {
  const findings = findingsSchema.parse({ is_success: true, output_message: "ok", json_result: json });
  return { status: "completed", findings, attempts: 1, ...more };
}

export function failedAs(code: FailureCode): Verdict {
  const error = new Failure(code, `it ended as ${code}`).toRecord();
  return { status: "failed", findings: findingsSchema.parse({ error }), attempts: 1 };
}

/** A connection whose subscriptions can be kept on the way. */
class HeldRedis extends Redis {
  #released: Promise<void> = Promise.resolve();
  releaseSubscriptions = (): void => undefined;

  holdSubscriptions(): void {
    this.#released = new Promise((resolve) => {
      this.releaseSubscriptions = resolve;
    });
  }

  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    if (args[0].name !== "subscribe") return super.sendCommand(...args);
    return this.#released.then(() => super.sendCommand(...args));
  }
}

export function openResults(prefix = randomPrefix(), memory?: RowMemory) {
  const redis = new Redis(inject("redisUrl"));
  onTestFinished(() => redis.disconnect());
  const store = new ResultStore(redis, prefix, undefined, memory);
  const recordKey = ({ caseId, jobId }: JobRef) => caseKeys(prefix, caseId).record(jobId);

  function create(ref: JobRef, change: Partial<Creation> = {}) {
    const creation = { head: headOf(ref), inputHash: "hash", expiresInMs: KEEP_MS, keepMs: KEEP_MS };
    return store.create({ ...creation, ...change });
  }

  /** Starts a run, and gives what it writes with. */
  async function start(ref: JobRef, generation = 1): Promise<Fence> {
    const started = await store.start(ref, generation);
    if (started.verdict !== "run") throw new Error(`not started: ${started.verdict}`);
    return { ...ref, generation, run: started.run };
  }

  return {
    redis,
    prefix,
    store,
    reader: new ResultReader(redis, prefix),
    recordKey,
    keys: (caseId: string) => caseKeys(prefix, caseId),
    create,
    start,

    async complete(ref: JobRef, json: unknown = null): Promise<void> {
      await create(ref);
      await store.finish(await start(ref), completed(json), KEEP_MS);
    },

    /** Moves the end of a job into the past, so that no test waits for it. */
    async expire(ref: JobRef): Promise<void> {
      await redis.hset(recordKey(ref), "expires_ms", Date.now() - 1_000);
    },

    openWatch() {
      const subscriber = new HeldRedis(inject("redisUrl"));
      const watch = new ChangeWatch(subscriber, prefix);
      onTestFinished(() => watch.close());
      return { watch, subscriber };
    },
  };
}
