/** Entry point of a worker process: runs jobs until it is told to stop. */
import { loadWorkerConfig } from "../src/config.ts";
import type { Lane } from "../src/contract/job.ts";
import type { WorkerScope } from "../src/engine/queue-places.ts";
import { startWorker } from "../src/engine/worker.ts";
import { stopWithin, waitForSignal } from "../src/lifecycle.ts";
import { createLog, type Log, logWarnings } from "../src/log.ts";
import { untilDeaf } from "../src/ops/watchdog.ts";
import type { WorkerHealth } from "../src/ops/worker-server.ts";
import { startTraces } from "../src/trace/start.ts";

export interface WorkerCommand {
  instance?: readonly string[];
  lane?: readonly Lane[];
}

/** Resolves with the exit code when SIGTERM or SIGINT has ended it, or (with 1) when it is stuck. */
export async function runWorker({ instance, lane }: WorkerCommand = {}): Promise<number> {
  const config = loadWorkerConfig();
  const log = createLog(config.logLevel);
  logWarnings(log);
  for (const notice of config.notices) log.warn({ event: "config.notice" }, notice);
  const scope: WorkerScope = { ...(instance && { instances: instance }), ...(lane && { lanes: lane }) };
  const signal = waitForSignal();
  const traces = await startTraces(config.traces, log);
  const served = config.instances.map(({ name }) => name).filter((name) => instance?.includes(name) ?? true);
  const health = config.listen && (await startHealth(config.listen, log, served));
  const worker = await Promise.race([signal, startWorker(config, log, scope, health?.observe)]);
  // Stopped while it still waited for Redis: it had taken no job.
  if (typeof worker === "string") return 0;
  health?.watch(worker);
  log.info({ event: "worker.ready", instances: served }, "worker ready");
  const reason = await Promise.race([signal, untilDeaf(worker.checks)]);
  if (reason === "deaf")
    log.error(
      { event: "worker.deaf" },
      "nothing is heard of the queues although Redis answers; it ends, to be started anew",
    );
  else log.info({ event: "worker.stopping", signal: reason }, "worker stopping");
  const inTime = await stopWithin(config.shutdownTimeoutMs, async () => {
    await worker.stop();
    await health?.close();
    await traces.close();
  });
  if (!inTime)
    log.warn(
      { event: "worker.late" },
      "SHUTDOWN_TIMEOUT is over; what still runs is left to the next worker",
    );
  log.info({ event: "worker.stopped" }, "worker stopped");
  return reason === "deaf" ? 1 : 0;
}

/** Loaded only with `WORKER_PORT`, for a worker should be small and start fast. */
async function startHealth(
  address: { host: string; port: number },
  log: Log,
  instances: readonly string[],
): Promise<WorkerHealth> {
  const { startWorkerHealth } = await import("../src/ops/worker-server.ts");
  return await startWorkerHealth(address, log, instances);
}
