/** A worker in this process between a real Redis and a simulated Defender, all ended with the test. */
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";
import { createClient } from "../../producers/client.ts";
import { loadWorkerConfig } from "../../src/config.ts";
import type { Result } from "../../src/contract/result.ts";
import { startWorker } from "../../src/engine/worker.ts";
import { createLog } from "../../src/log.ts";
import { Queues } from "../../src/queue/queues.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { SimulatorControl } from "../support/control.ts";
import { randomPrefix } from "../support/prefix.ts";

export const INCIDENTS = "defender-default-incidents";

export async function openEngine(env: Readonly<Record<string, string>> = {}) {
  const { url, tenant, clientId, clientSecret, close } = await startSimulator({
    quotas: { incidents: null, hunting: null },
  });
  const redisUrl = inject("redisUrl");
  const prefix = randomPrefix();
  const client = createClient({ redisUrl, queuePrefix: prefix });
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queues = new Queues(redis, { prefix, mode: "single" });
  const stops: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await Promise.all([client.close(), queues.close(), close()]);
    redis.disconnect();
  });
  const environment = {
    REDIS_URL: redisUrl,
    QUEUE_PREFIX: prefix,
    AZURE_TENANT_ID: tenant,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    LOGIN_API_ROOT: url,
    GRAPH_API_ROOT: url,
    DEFENDER_INCIDENT_LIMITS: "1000/1s",
    DEFENDER_HUNTING_LIMITS: "1000/1s",
    SHUTDOWN_TIMEOUT: "1s",
    ...env,
  };
  const simulator = new SimulatorControl(url);
  const log: string[] = [];
  return {
    client,
    /** All that its workers have logged, one JSON text each. */
    log,
    queues,
    simulator,
    queue: queues.get(INCIDENTS),
    redis,
    prefix,

    /** Gives what stops it before the test ends. */
    async startWorker(more: Readonly<Record<string, string>> = {}): Promise<() => Promise<void>> {
      const config = loadWorkerConfig({ ...environment, ...more });
      const { stop } = await startWorker(config, createLog("debug", { write: (line) => log.push(line) }));
      stops.push(stop);
      return stop;
    },

    /** Enqueues an update of an incident of case 4711. */
    update: (incidentId: number, change: { add_tags?: string; status?: string }, options = {}) =>
      client.enqueue("update_incident", { case_id: "4711", incident_id: incidentId, ...change }, options),

    end: (job: JobRef): Promise<Result> => client.waitForResult(job, { timeoutMs: 50_000 }),

    /** What was written, in order: `patch 29`, `comment 31`. */
    async effects(): Promise<string[]> {
      return (await simulator.ledger()).effects.map(({ kind, incidentId }) => `${kind} ${incidentId}`);
    },
  };
}
