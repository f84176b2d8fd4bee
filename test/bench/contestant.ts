/** One contestant as a process: says when it takes jobs, and ends with the process that started it. */
import { Worker } from "bullmq";
import { loadWorkerConfig } from "../../src/config.ts";
import { startWorker } from "../../src/engine/worker.ts";
import { createLog } from "../../src/log.ts";
import { connectWorker } from "../../src/queue/connection.ts";
import { QUEUE } from "./contestants.ts";
import { openPlainWorker } from "./plain-worker.ts";
import { openUngatedWorker } from "./ungated-worker.ts";

const [, , kind] = process.argv;
const config = loadWorkerConfig();
const log = createLog(config.logLevel);
const [instance] = config.instances;
if (instance === undefined) throw new Error("there is no instance");

if (kind === "gated") await startWorker(config, log);
else {
  const redis = connectWorker(config.redis);
  const worker =
    kind === "ungated"
      ? openUngatedWorker(QUEUE, redis, config, instance, log)
      : kind === "plain"
        ? await openPlainWorker(QUEUE, redis, config, instance, process.env["AZURE_CLIENT_SECRET"] ?? "")
        : openIdleWorker();
  await worker.waitUntilReady();

  function openIdleWorker(): Worker {
    const {
      concurrency,
      redis: { prefix },
    } = config;
    return new Worker(QUEUE, async () => {}, { connection: redis, prefix, concurrency });
  }
}

process.once("disconnect", () => process.exit(0));
process.send?.("ready");
