/** Names of queues, and where BullMQ keeps them. */

import type { RedisConfig } from "../config.ts";
import type { Action } from "../contract/define-action.ts";
import type { Lane, Priority } from "../contract/job.ts";

/** The queues of an instance: two for each lane, and one for ping, which no gate holds. */
export function queueName(instance: string, lane: Lane | "ping", priority: Priority): string {
  return lane === "ping" || priority === "interactive"
    ? `defender-${instance}-${lane}`
    : `defender-${instance}-${lane}-bulk`;
}

/** The queue of an instance by which workers work on its bulk runs. Its lane is `incidents`, its priority bulk. */
export function runsQueueName(instance: string): string {
  return `defender-${instance}-incidents-runs`;
}

/** The queue by which final results are sent to the webhook: one for all instances. */
export const WEBHOOK_QUEUE = "defender-webhook";

export function queueFor(action: Action, instance: string, priority: Priority): string {
  return queueName(instance, action.lane, priority);
}

/** BullMQ's key prefix for a queue. On a cluster each queue gets a hash tag of its own, for its scripts touch many keys. */
export function queueKeyPrefix({ prefix, mode }: Pick<RedisConfig, "prefix" | "mode">, name: string): string {
  return mode === "cluster" ? `{${prefix}:${name}}` : prefix;
}

/** BullMQ's id of a job. A job that is asked for again after a failure is a new one to BullMQ, which may still keep the old. */
export function queueJobId(jobId: string, generation: number): string {
  return `${jobId}-${generation}`;
}
