/** The queues that ops shows and measures: those of all instances, and the webhook's where there is one. */
import { isWebhookSet } from "../queue/deliveries.ts";
import { type InstanceQueue, listQueues } from "../queue/instance-queues.ts";
import { WEBHOOK_QUEUE } from "../queue/names.ts";
import type { RedisClient } from "../redis-script.ts";

export type ShownQueue = Omit<InstanceQueue, "lane"> & { lane: InstanceQueue["lane"] | "webhook" };

const WEBHOOK: ShownQueue = { name: WEBHOOK_QUEUE, instance: "all", lane: "webhook", priority: "bulk" };

export async function listShownQueues(redis: RedisClient, prefix: string): Promise<ShownQueue[]> {
  const [queues, hasWebhook] = await Promise.all([listQueues(redis, prefix), isWebhookSet(redis, prefix)]);
  return hasWebhook ? [...queues, WEBHOOK] : queues;
}
