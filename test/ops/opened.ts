/** An ops server, a client and a worker in this process, on a prefix of their own, all ended with the test. */
import { UnrecoverableError, Worker } from "bullmq";
import { inject, onTestFinished } from "vitest";
import { type Client, createClient } from "../../producers/client.ts";
import { loadOpsConfig, loadWorkerConfig } from "../../src/config.ts";
import type { Observe } from "../../src/engine/observer.ts";
import { type RunningWorker, startWorker } from "../../src/engine/worker.ts";
import { createLog } from "../../src/log.ts";
import { startOps } from "../../src/ops/server.ts";
import { connectProducer, connectWorker } from "../../src/queue/connection.ts";
import { Queues } from "../../src/queue/queues.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import type { Simulator } from "../simulator/simulator.ts";
import { randomPrefix } from "../support/prefix.ts";

export interface Opened {
  url: string;
  routes: readonly string[];
  /** All that the server has logged. */
  log: readonly string[];
  prefix: string;
  redis: RedisClient;
  queues: Queues;
  client: Client;
}

export async function openOps(
  environment: Record<string, string> = {},
  prefix = randomPrefix(),
): Promise<Opened> {
  const redisUrl = inject("redisUrl");
  const config = loadOpsConfig({
    REDIS_URL: redisUrl,
    QUEUE_PREFIX: prefix,
    OPS_PORT: "0",
    ...environment,
  });
  const log: string[] = [];
  const ops = await startOps(config, createLog("debug", { write: (line) => log.push(line) }));
  const redis = connectProducer({ ...config.redis, url: redisUrl });
  const queues = new Queues(redis, config.redis);
  const client = createClient({ redisUrl, queuePrefix: prefix });
  onTestFinished(async () => {
    await ops.stop();
    await client.close();
    await queues.close();
    redis.disconnect();
  });
  return { url: ops.url, routes: ops.routes, log, prefix, redis, queues, client };
}

/** A worker of the instance `default`; it talks to the simulator only when a job makes it. */
export async function openWorker(
  prefix: string,
  { redisUrl = inject("redisUrl"), simulator, observe }: OpenWorker = {},
): Promise<RunningWorker> {
  const root = simulator?.url ?? "http://127.0.0.1:1";
  const config = loadWorkerConfig({
    REDIS_URL: redisUrl,
    QUEUE_PREFIX: prefix,
    AZURE_TENANT_ID: simulator?.tenant ?? "contoso",
    AZURE_CLIENT_ID: simulator?.clientId ?? "app",
    AZURE_CLIENT_SECRET: simulator?.clientSecret ?? "secret",
    LOGIN_API_ROOT: root,
    GRAPH_API_ROOT: root,
  });
  const worker = await startWorker(config, createLog("silent"), {}, observe);
  onTestFinished(() => worker.stop());
  return worker;
}

interface OpenWorker {
  redisUrl?: string;
  simulator?: Simulator;
  observe?: Observe;
}

/** Resolves once a job of the queue has failed for good with `reason`. */
export async function failNextJob(prefix: string, queue: string, reason: string): Promise<void> {
  const connection = connectWorker({
    url: inject("redisUrl"),
    mode: "single",
    sentinelName: null,
    prefix,
  });
  const worker = new Worker(queue, () => Promise.reject(new UnrecoverableError(reason)), {
    connection,
    prefix,
  });
  await new Promise((resolve) => worker.once("failed", resolve));
  await worker.close();
  connection.disconnect();
}
