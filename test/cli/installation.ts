/** One simulator and one worker for the commands of a test file. */
import { afterAll, beforeAll, inject } from "vitest";
import { type Result, resultSchema } from "../../src/contract/result.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { randomPrefix } from "../support/prefix.ts";
import { startWorkerProcess } from "../support/worker-process.ts";
import { type Ended, runBin, type Variables } from "./bin.ts";

export interface Installation {
  env: Variables;
  /** With `--json`. */
  enqueue(action: string, input: object, ...options: string[]): Promise<Ended>;
}

/** Call it at the top of a test file: it is there before the first test and gone after the last. */
export function installForFile(options: { worker: boolean; workerEnv?: Variables }): Installation {
  let env: Variables = {};
  const undo: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    const simulator = await startSimulator({ warmUp: true });
    undo.push(simulator.close);
    env = {
      ...emptyQueue(),
      AZURE_TENANT_ID: simulator.tenant,
      AZURE_CLIENT_ID: simulator.clientId,
      AZURE_CLIENT_SECRET: simulator.clientSecret,
      LOGIN_API_ROOT: simulator.url,
      GRAPH_API_ROOT: simulator.url,
    };
    if (!options.worker) return;
    const worker = await startWorkerProcess({ ...env, ...options.workerEnv });
    undo.push(() => worker.kill("SIGTERM"));
  });
  afterAll(async () => {
    for (const each of undo.reverse()) await each();
  });
  return {
    get env() {
      return env;
    },
    enqueue: (action, input, ...rest) =>
      runBin(["enqueue", action, "--input", JSON.stringify(input), ...rest, "--json"], env),
  };
}

/** A Redis without a worker. */
export function emptyQueue(): Variables {
  return { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
}

export function resultOf({ out }: Ended): Result {
  return resultSchema.parse(JSON.parse(out));
}
