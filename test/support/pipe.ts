/** A whole pipe for one test: simulator, client, and workers as processes, all ended with the test. */
import { inject, onTestFinished } from "vitest";
import { type Client, createClient } from "../../producers/client.ts";
import { SimulatorControl } from "./control.ts";
import { randomPrefix } from "./prefix.ts";
import { startSimulatorProcess } from "./simulator-process.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

export interface Pipe {
  client: Client;
  simulator: SimulatorControl;
  /** What a worker is configured with. */
  env: Readonly<Record<string, string>>;
  startWorker(more?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
}

/** The start of every input. */
export const CASE = { case_id: "4711", alert_group_identifiers: [] };

export interface PipeOptions {
  clientSecret?: string;
  /** Settings of the simulator, such as `quotas`. */
  settings?: object;
}

export async function openPipe({ clientSecret, settings = {} }: PipeOptions = {}): Promise<Pipe> {
  const simulator = await startSimulatorProcess({
    args: ["--no-warm-up"],
    env: clientSecret === undefined ? {} : { AZURE_CLIENT_SECRET: clientSecret },
  });
  const control = new SimulatorControl(simulator.url);
  await control.change(settings);
  const redisUrl = inject("redisUrl");
  const queuePrefix = randomPrefix();
  const client = createClient({ redisUrl, queuePrefix });
  const workers: WorkerProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
    await client.close();
    await simulator.stop();
  });
  const env = {
    REDIS_URL: redisUrl,
    QUEUE_PREFIX: queuePrefix,
    AZURE_TENANT_ID: simulator.tenant,
    AZURE_CLIENT_ID: simulator.clientId,
    AZURE_CLIENT_SECRET: simulator.clientSecret,
    LOGIN_API_ROOT: simulator.url,
    GRAPH_API_ROOT: simulator.url,
  };
  return {
    client,
    env,
    simulator: control,
    async startWorker(more = {}) {
      const worker = await startWorkerProcess({ ...env, ...more });
      workers.push(worker);
      return worker;
    },
  };
}
