/** This worker under the quota: processes by their shipped command, and what a SOAR sees of the jobs. */
import { createClient } from "../../producers/client.ts";
import type { Cleanup } from "../demo/processes.ts";
import { startWorkerProcess } from "../support/worker-process.ts";
import { requestOf } from "./load.ts";

export interface Fleet {
  processes: number;
  /** What each of them is configured with. */
  env: Readonly<{ REDIS_URL: string; QUEUE_PREFIX: string }> & Readonly<Record<string, string>>;
}

/** Resolves once all of them take jobs, with what makes the calls: it gives how many jobs failed. */
export async function startFleet(
  { processes, env }: Fleet,
  cleanup: Cleanup,
): Promise<(calls: number, timeoutMs: number) => Promise<number>> {
  const starting = Array.from({ length: processes }, () =>
    cleanup.start(startWorkerProcess(env), async (worker) => void (await worker.kill("SIGTERM"))),
  );
  await Promise.all(starting);
  const client = createClient({ redisUrl: env.REDIS_URL, queuePrefix: env.QUEUE_PREFIX });
  await cleanup.start(Promise.resolve(client), (opened) => opened.close());

  return async (calls, timeoutMs) => {
    const jobs = await client.enqueueMany(Array.from({ length: calls }, (_, number) => requestOf(number)));
    const results = await Promise.all(jobs.map((job) => client.waitForResult(job, { timeoutMs })));
    return results.filter(({ is_success: isSuccess }) => !isSuccess).length;
  };
}
