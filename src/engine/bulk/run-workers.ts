/** The part of a worker that works on bulk runs: a BullMQ worker for each instance, and the sweep. */
import type { Worker } from "bullmq";
import { ItemStore } from "../../bulk/item-store.ts";
import type { InstanceConfig, WorkerConfig } from "../../config.ts";
import type { Log } from "../../log.ts";
import { runsQueueName } from "../../queue/names.ts";
import type { Queues } from "../../queue/queues.ts";
import type { RedisClient } from "../../redis-script.ts";
import type { Engine } from "../execute.ts";
import type { SettleTools } from "../settle.ts";
import { sweepRun } from "./run-sweep.ts";
import { openRunWorker } from "./run-worker.ts";
import { Summaries } from "./summary.ts";
import type { TurnTools } from "./ticket.ts";

export interface RunWorkersOptions extends Pick<SettleTools, "afterParking"> {
  /** Those whose runs are worked on here. */
  instances: readonly InstanceConfig[];
  redis: RedisClient;
  config: WorkerConfig;
  engine: Engine;
  queues: Queues;
  log: Log;
  stopping: AbortSignal;
  tell(caseId: string): Promise<void>;
  holdOf(instance: InstanceConfig, queue: string): SettleTools["hold"];
}

export interface RunWorkers {
  /** Not yet running. */
  readonly workers: readonly Worker[];
  sweep(): Promise<void>;
}

export function openRunWorkers(options: RunWorkersOptions): RunWorkers {
  const { instances, redis, config, engine, queues, log, stopping, tell, holdOf, afterParking } = options;
  const runs = new ItemStore(redis, config.redis.prefix);
  const summaries = new Summaries(engine.store, tell);
  const tools = new Map<string, TurnTools>();
  const workers = instances.map((instance) => {
    const own: TurnTools = {
      runs,
      summaries,
      order: engine.order,
      instance: engine.instance(instance.name),
      settings: engine.settings,
      trail: engine.trail,
      eyes: new Map(),
    };
    tools.set(instance.name, own);
    const hold = holdOf(instance, runsQueueName(instance.name));
    return openRunWorker({
      ...own,
      instanceName: instance.name,
      redis,
      config: config.redis,
      log,
      stopping,
      hold,
      afterParking,
    });
  });
  let isSweeping = false;
  return {
    workers,
    async sweep() {
      if (isSweeping || instances.length === 0) return;
      isSweeping = true;
      try {
        for (const [runId, instance] of await runs.live()) {
          const own = tools.get(instance);
          if (own !== undefined) await sweepRun(runId, instance, own, queues);
        }
      } finally {
        isSweeping = false;
      }
    },
  };
}
