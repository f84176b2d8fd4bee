/** This project's worker on one queue, made of the same parts as the real one, with a gate that lets everything through. */
import type { Worker } from "bullmq";
import { Trail } from "../../src/audit/trail.ts";
import type { InstanceConfig, WorkerConfig } from "../../src/config.ts";
import { createConnection } from "../../src/defender/connection.ts";
import type { Gate } from "../../src/defender/gate.ts";
import { openLaneWorker } from "../../src/engine/lane-worker.ts";
import { IncidentOrder } from "../../src/engine/order.ts";
import { Parting } from "../../src/engine/parting.ts";
import type { Log } from "../../src/log.ts";
import { Queues } from "../../src/queue/queues.ts";
import { Turns } from "../../src/queue/turns.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import { ResultStore } from "../../src/results/store.ts";

/** The last look before a call leaves belongs to the result store and the audit trail, so it stays. */
const OPEN_DOOR: Gate = {
  async run({ beforeSend }, call) {
    await beforeSend();
    return await call(() => {}, 0);
  },
  pause: async (retryAfterMs = 0) => retryAfterMs,
  heldForMs: async () => 0,
  limit: async () => ({ share: 1, lowered: null }),
  windows: async () => [],
  close: async () => {},
};

export function openUngatedWorker(
  queue: string,
  redis: RedisClient,
  config: WorkerConfig,
  instance: InstanceConfig,
  log: Log,
): Worker {
  const store = new ResultStore(redis, config.redis.prefix);
  const order = new IncidentOrder(new Turns(redis, config.redis.prefix), new Queues(redis, config.redis));
  const connection = createConnection(instance, { incidents: OPEN_DOOR, hunting: OPEN_DOOR });
  const { resultTtlMs, inlineLimit, concurrency } = config;
  const worker = openLaneWorker({
    queue,
    redis,
    config: config.redis,
    concurrency,
    engine: {
      store,
      order,
      instance: () => ({ connection, lanes: instance.lanes, isDryRun: false, refuseStopped: async () => {} }),
      settings: config,
      checkQuery: async () => [],
      resultTtlMs,
      inlineLimit,
      trail: new Trail({ redis, prefix: config.redis.prefix, onLost: () => {} }),
    },
    parting: new Parting(store, order, resultTtlMs, async () => {}),
    tell: async () => {},
    log,
    onLost: () => {},
    onRun: () => {},
    stopping: new AbortController().signal,
    hold: async () => {},
    afterParking: async () => {},
  });
  void worker.run();
  return worker;
}
