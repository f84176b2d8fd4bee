/** Entry point of the board: serves it until it is told to stop. */
import { loadOpsConfig } from "../src/config.ts";
import { stopWithin, waitForSignal } from "../src/lifecycle.ts";
import { createLog, logWarnings } from "../src/log.ts";
import { startOps } from "../src/ops/server.ts";
import { startTraces } from "../src/trace/start.ts";

const SHUTDOWN_TIMEOUT_MS = 5_000;

/** Resolves with the exit code when SIGTERM or SIGINT has ended it. */
export async function runOps(): Promise<number> {
  const config = loadOpsConfig();
  const log = createLog(config.logLevel);
  logWarnings(log);
  const signal = waitForSignal();
  const traces = await startTraces(config.traces, log);
  const ops = await startOps(config, log);
  log.info({ event: "ops.listening", url: ops.url, writable: config.writable }, `board on ${ops.url}`);
  const reason = await signal;
  log.info({ event: "ops.stopping", signal: reason }, "ops stopping");
  await stopWithin(SHUTDOWN_TIMEOUT_MS, async () => {
    await ops.stop();
    await traces.close();
  });
  log.info({ event: "ops.stopped" }, "ops stopped");
  return 0;
}
