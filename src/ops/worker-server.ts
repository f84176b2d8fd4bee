/** Health and metrics of a worker, on `WORKER_PORT`. It holds nothing secret and changes nothing. */
import fastify from "fastify";
import type { Observe } from "../engine/observer.ts";
import type { Log } from "../log.ts";
import { addHealthRoutes, type Checks, listen } from "./health.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

export interface WorkerHealth {
  observe: Observe;
  /** The worker has started, and is asked from now on. */
  watch(worker: { readonly checks: Checks }): void;
  close(): Promise<void>;
}

/** Answers before the worker has started, for that waits for Redis: alive, and not ready. */
export async function startWorkerHealth(
  address: { host: string; port: number },
  log: Log,
): Promise<WorkerHealth> {
  const metrics = new WorkerMetrics();
  let checks: Checks = { worker: async () => "starting" };
  const app = fastify({ forceCloseConnections: true });
  addHealthRoutes(app, { checks: () => checks, registry: metrics.registry });
  const port = await listen(app, address, "WORKER_HOST, WORKER_PORT");
  log.info({ event: "health.listening", host: address.host, port }, "health and metrics");
  return {
    observe: metrics.observe,
    watch(worker) {
      checks = worker.checks;
    },
    close: () => app.close(),
  };
}
