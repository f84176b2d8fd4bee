/** The sender of one worker on a real Redis, with a store whose final results it is to tell of; ended with the test. */
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import type { WebhookSettings } from "../../../src/config.ts";
import type { RetryPolicy } from "../../../src/engine/backoff.ts";
import type { WorkerEvent } from "../../../src/engine/observer.ts";
import { openDeliveryWorker } from "../../../src/engine/webhook/delivery-worker.ts";
import { createLog } from "../../../src/log.ts";
import { Deliveries } from "../../../src/queue/deliveries.ts";
import { WEBHOOK_QUEUE } from "../../../src/queue/names.ts";
import { Queues } from "../../../src/queue/queues.ts";
import type { JobRef } from "../../../src/results/keys.ts";
import { ResultStore, type Verdict } from "../../../src/results/store.ts";
import { completed, headOf, KEEP_MS } from "../../results/opened-store.ts";
import { randomPrefix } from "../../support/prefix.ts";

/** Tried again within milliseconds, five times in all. */
const POLICY = { attempts: 5, firstDelayMs: 20, factor: 1, longestDelayMs: 20 };
const EGRESS = { verifySsl: true, httpsProxy: null, noProxy: "" };

export async function openSender(
  settings: Partial<WebhookSettings> & Pick<WebhookSettings, "url">,
  policy: Partial<RetryPolicy> = {},
) {
  const prefix = randomPrefix();
  const redis = new Redis(inject("redisUrl"), { maxRetriesPerRequest: null });
  const queues = new Queues(redis, { prefix, mode: "single" });
  const store = new ResultStore(redis, prefix, async () => true);
  const deliveries = new Deliveries(redis, prefix, queues);
  const log: string[] = [];
  const events: WorkerEvent[] = [];
  const queue = queues.get(WEBHOOK_QUEUE);
  const open = async () => {
    const sender = await openDeliveryWorker({
      redis,
      config: { prefix, mode: "single" },
      webhook: { secret: null, egress: EGRESS, ...settings },
      deliveries,
      concurrency: 8,
      log: createLog("debug", { write: (line) => log.push(line) }),
      observe: (event) => events.push(event),
      stopping: new AbortController().signal,
      hold: (delayMs) => queue.rateLimit(delayMs),
      policy: { ...POLICY, ...policy },
    });
    await sender.worker.waitUntilReady();
    void sender.worker.run();
    return async () => {
      await sender.worker.close();
      sender.close();
    };
  };
  let close = async () => {};
  onTestFinished(async () => {
    await close();
    await queues.close();
    redis.disconnect();
  });
  return {
    redis,
    prefix,
    queue,
    store,
    deliveries,
    log,
    outcomes: () => events.flatMap((event) => (event.kind === "delivery" ? [event.outcome] : [])),
    async run(): Promise<void> {
      close = await open();
    },
    /** Ends a job; gives what the webhook is told of it by. */
    async finish(ref: JobRef, verdict: Verdict = completed()): Promise<void> {
      await store.create({ head: headOf(ref), inputHash: "hash", expiresInMs: KEEP_MS, keepMs: KEEP_MS });
      const started = await store.start(ref, 1);
      if (started.verdict !== "run") throw new Error(`not started: ${started.verdict}`);
      await store.finish({ ...ref, generation: 1, run: started.run }, verdict, KEEP_MS);
    },
  };
}
