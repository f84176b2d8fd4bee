/** Health and metrics of a worker, on `WORKER_PORT`. It holds nothing secret and changes nothing. */
import fastify from "fastify";
import type { LimitShare } from "../engine/instances.ts";
import type { Observe } from "../engine/observer.ts";
import type { Log } from "../log.ts";
import { addHealthRoutes, type Checks, listen } from "./health.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

interface Watched {
  readonly checks: Checks;
  limitShares(): Promise<LimitShare[]>;
}

export interface WorkerHealth {
  observe: Observe;
  /** The worker has started, and is asked from now on. */
  watch(worker: Watched): void;
  close(): Promise<void>;
}

/** Answers before the worker has started, for that waits for Redis: alive, and not ready. `instances`: those that it serves. */
export async function startWorkerHealth(
  address: { host: string; port: number },
  log: Log,
  instances: readonly string[] = [],
): Promise<WorkerHealth> {
  const metrics = new WorkerMetrics(instances);
  let watched: Watched = {
    checks: { worker: async () => "starting" },
    limitShares: async () => [],
  };
  const app = fastify({ forceCloseConnections: true });
  addHealthRoutes(app, {
    checks: () => watched.checks,
    registry: metrics.registry,
    collect: () => metrics.collect(() => watched.limitShares()),
  });
  const port = await listen(app, address, "WORKER_HOST, WORKER_PORT");
  log.info({ event: "health.listening", host: address.host, port }, "health and metrics");
  return {
    observe: metrics.observe,
    watch(worker) {
      watched = worker;
    },
    close: () => app.close(),
  };
}
