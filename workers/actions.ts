/** Entry point of a worker process: runs jobs until it is told to stop. */
import { loadWorkerConfig } from "../src/config.ts";
import type { Lane } from "../src/contract/job.ts";
import { startWorker, type WorkerScope } from "../src/engine/worker.ts";
import { stopWithin, waitForSignal } from "../src/lifecycle.ts";
import { createLog } from "../src/log.ts";

export interface WorkerCommand {
  instance?: readonly string[];
  lane?: readonly Lane[];
}

/** Resolves with the exit code when SIGTERM or SIGINT has ended it. */
export async function runWorker({ instance, lane }: WorkerCommand = {}): Promise<number> {
  const config = loadWorkerConfig();
  const log = createLog(config.logLevel);
  for (const notice of config.notices) log.warn({ event: "config.notice" }, notice);
  const scope: WorkerScope = { ...(instance && { instances: instance }), ...(lane && { lanes: lane }) };
  const signal = waitForSignal();
  const worker = await startWorker(config, log, scope);
  log.info({ event: "worker.ready", instances: config.instances.map(({ name }) => name) }, "worker ready");
  const reason = await signal;
  log.info({ event: "worker.stopping", signal: reason }, "worker stopping");
  const inTime = await stopWithin(config.shutdownTimeoutMs, () => worker.stop());
  if (!inTime)
    log.warn(
      { event: "worker.late" },
      "SHUTDOWN_TIMEOUT is over; what still runs is left to the next worker",
    );
  log.info({ event: "worker.stopped" }, "worker stopped");
  return 0;
}
