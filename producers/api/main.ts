/** Serves the API until it is told to stop. */
import { loadApiConfig } from "../../src/config.ts";
import { stopWithin, waitForSignal } from "../../src/lifecycle.ts";
import { createLog, logWarnings } from "../../src/log.ts";
import { startTraces } from "../../src/trace/start.ts";
import { startApi } from "./server.ts";

const SHUTDOWN_TIMEOUT_MS = 5_000;

/** Resolves with the exit code when SIGTERM or SIGINT has ended it. */
export async function runApi(): Promise<number> {
  const config = loadApiConfig();
  const log = createLog(config.logLevel);
  logWarnings(log);
  const signal = waitForSignal();
  const traces = await startTraces(config.traces, log);
  const api = await startApi(config, log);
  log.info({ event: "api.listening", url: api.url, tokens: config.tokens !== null }, `API on ${api.url}`);
  const reason = await signal;
  log.info({ event: "api.stopping", signal: reason }, "api stopping");
  await stopWithin(SHUTDOWN_TIMEOUT_MS, async () => {
    await api.stop();
    await traces.close();
  });
  log.info({ event: "api.stopped" }, "api stopped");
  return 0;
}
