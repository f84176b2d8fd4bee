/** How long one job takes, from the call that enqueues it until its result is in the caller's hands. */
import { createClient } from "../../producers/client.ts";
import { requestOf } from "./load.ts";
import type { Environment } from "./runner.ts";

const PATIENCE_MS = 10_000;

/** Milliseconds of each of `jobs` jobs, one after the other: a worker that has nothing else to do. */
export async function measureLatencies(env: Environment, jobs: number): Promise<number[]> {
  const { REDIS_URL: redisUrl = "", QUEUE_PREFIX: queuePrefix = "" } = env;
  const client = createClient({ redisUrl, queuePrefix });
  const latencies: number[] = [];
  try {
    for (let number = 0; number < jobs; number += 1) {
      const startMs = performance.now();
      const job = await client.submit(requestOf(number));
      const result = await client.waitForResult(job, { timeoutMs: PATIENCE_MS });
      latencies.push(performance.now() - startMs);
      if (!result.is_success) throw new Error(result.output_message);
    }
  } finally {
    await client.close();
  }
  return latencies;
}
