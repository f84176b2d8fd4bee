/** A whole pipe: simulator, client, and workers as processes by their shipped command. It remembers what was accepted. */

import type { ActionRequest, Client, EnqueueOptions, JobRef, Result } from "../../producers/client.ts";
import { type ActionName, createClient } from "../../producers/client.ts";
import type { RedisConfig } from "../../src/settings/redis.ts";
import { SimulatorControl } from "./control.ts";
import { randomPrefix } from "./prefix.ts";
import { startSimulatorProcess } from "./simulator-process.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

/** The start of every input. */
export const CASE = { case_id: "4711", alert_group_identifiers: [] };

export interface Accepted extends JobRef {
  action: ActionName;
  input: Readonly<Record<string, unknown>>;
}

export interface RigOptions {
  redisUrl: string;
  /** Default `single`. */
  redisMode?: RedisConfig["mode"];
  redisSentinelName?: string;
  /** The credential of the workers; a checker looks for it everywhere. */
  clientSecret?: string;
  /** Settings of the simulator, such as `quotas`. */
  settings?: object;
  /** Whether the first query is to be answered as fast as the others: the simulator then starts more slowly. */
  warmUp?: boolean;
  /** What every worker gets. */
  env?: Readonly<Record<string, string>>;
}

export interface Rig {
  client: Client;
  simulator: SimulatorControl;
  redisUrl: string;
  prefix: string;
  /** Both, and how that Redis is spoken to. */
  redis: RedisConfig;
  clientSecret: string;
  /** What a worker is configured with. */
  env: Readonly<Record<string, string>>;
  /** In the order they were accepted. */
  accepted: readonly Accepted[];
  /** What `finish` saw, by job id. */
  finals: ReadonlyMap<string, Result>;
  /** All that were ever started. */
  workers: readonly WorkerProcess[];
  startWorker(more?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** Enqueues and remembers; case 4711 unless the input names one. */
  accept(action: ActionName, input: object, options?: EnqueueOptions): Promise<Accepted>;
  /** The same for many at once. */
  acceptMany(requests: readonly ActionRequest[]): Promise<Accepted[]>;
  /** The final result; it must never change after. Rejects when the time is up. */
  finish(job: JobRef, timeoutMs?: number): Promise<Result>;
  /** Ends workers, client and simulator; SIGKILL for a worker that is not to end in good order. */
  close(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export async function openRig({
  redisUrl,
  redisMode = "single",
  redisSentinelName,
  clientSecret,
  settings = {},
  warmUp = false,
  env = {},
}: RigOptions): Promise<Rig> {
  const simulator = await startSimulatorProcess({
    args: warmUp ? [] : ["--no-warm-up"],
    env: clientSecret === undefined ? {} : { AZURE_CLIENT_SECRET: clientSecret },
  });
  const control = new SimulatorControl(simulator.url);
  await control.change(settings);
  const prefix = randomPrefix();
  const redis = { url: redisUrl, mode: redisMode, sentinelName: redisSentinelName ?? null, prefix };
  const named = redisSentinelName === undefined ? {} : { redisSentinelName };
  const client = createClient({ redisUrl, queuePrefix: prefix, redisMode, ...named });
  const workers: WorkerProcess[] = [];
  const accepted: Accepted[] = [];
  const known = new Set<string>();
  const remember = (job: Accepted): Accepted => {
    if (!known.has(job.jobId)) accepted.push(job);
    known.add(job.jobId);
    return job;
  };
  const finals = new Map<string, Result>();
  const workerEnv = {
    REDIS_URL: redisUrl,
    REDIS_MODE: redisMode,
    ...(redisSentinelName === undefined ? {} : { REDIS_SENTINEL_NAME: redisSentinelName }),
    QUEUE_PREFIX: prefix,
    AZURE_TENANT_ID: simulator.tenant,
    AZURE_CLIENT_ID: simulator.clientId,
    AZURE_CLIENT_SECRET: simulator.clientSecret,
    LOGIN_API_ROOT: simulator.url,
    GRAPH_API_ROOT: simulator.url,
    ...env,
  };
  return {
    client,
    simulator: control,
    redisUrl,
    prefix,
    redis,
    clientSecret: simulator.clientSecret,
    env: workerEnv,
    accepted,
    finals,
    workers,
    async startWorker(more = {}) {
      const worker = await startWorkerProcess({ ...workerEnv, ...more }, (started) => workers.push(started));
      return worker;
    },
    async accept(action, given, options) {
      const input = { ...CASE, ...given };
      const { caseId, jobId } = await client.submit({ action, input, options });
      return remember({ caseId, jobId, action, input });
    },
    async acceptMany(requests) {
      const jobs = await client.enqueueMany(requests);
      return requests.flatMap(({ action, input }, index) => {
        const job = jobs[index];
        if (job === undefined) return [];
        return [remember({ caseId: job.caseId, jobId: job.jobId, action, input: { ...input } })];
      });
    },
    async finish(job, timeoutMs = 60_000) {
      const result = await client.waitForResult(job, { timeoutMs });
      finals.set(job.jobId, result);
      return result;
    },
    async close(signal = "SIGTERM") {
      await Promise.all(workers.map((worker) => worker.kill(signal)));
      await client.close();
      await simulator.stop();
    },
  };
}
