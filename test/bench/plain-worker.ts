/** What one would write without this project: a BullMQ worker that makes the call with axios and keeps the answer in a hash. */
import axios from "axios";
import { Worker } from "bullmq";
import type { InstanceConfig, WorkerConfig } from "../../src/config.ts";
import type { RedisClient } from "../../src/redis-script.ts";
import { SENT_KQL } from "./load.ts";
import { requestToken } from "./token.ts";

export async function openPlainWorker(
  queue: string,
  redis: RedisClient,
  { concurrency, redis: { prefix } }: WorkerConfig,
  instance: InstanceConfig,
  clientSecret: string,
): Promise<Worker> {
  const token = await requestToken({ ...instance, clientSecret });
  const url = `${instance.graphRoot}/v1.0/security/runHuntingQuery`;
  const headers = { authorization: `Bearer ${token}` };
  return new Worker(
    queue,
    async ({ id = "" }) => {
      const { data } = await axios.post<unknown>(url, { Query: SENT_KQL }, { headers });
      await redis.hset(`${prefix}:plain:${id}`, { status: "completed", result: JSON.stringify(data) });
    },
    { connection: redis, prefix, concurrency },
  );
}
