/** All queues there are: those of every instance that workers have published. */
import { LANES, type Lane, PRIORITIES, type Priority } from "../contract/job.ts";
import type { RedisClient } from "../redis-script.ts";
import { listInstances } from "./instances.ts";
import { queueName } from "./names.ts";

export interface InstanceQueue {
  name: string;
  instance: string;
  lane: Lane | "ping";
  priority: Priority;
}

/** Before the first worker, jobs may wait for the instance `default` already. */
export async function listQueues(redis: RedisClient, prefix: string): Promise<InstanceQueue[]> {
  const instances = await listInstances(redis, prefix);
  return (instances.length === 0 ? ["default"] : instances).flatMap(queuesOf);
}

export function queuesOf(instance: string): InstanceQueue[] {
  const queue = (lane: Lane | "ping", priority: Priority): InstanceQueue => ({
    name: queueName(instance, lane, priority),
    instance,
    lane,
    priority,
  });
  const lanes = LANES.flatMap((lane) => PRIORITIES.map((priority) => queue(lane, priority)));
  return [...lanes, queue("ping", "interactive")];
}
