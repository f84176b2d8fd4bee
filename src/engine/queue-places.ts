/** Which queues a worker takes jobs from. */
import type { InstanceConfig } from "../config.ts";
import { type Lane, PRIORITIES, type Priority } from "../contract/job.ts";
import { queueName } from "../queue/names.ts";

export interface WorkerScope {
  /** Serve only these; default: all that are configured. */
  instances?: readonly string[];
  lanes?: readonly Lane[];
}

export interface QueuePlace {
  name: string;
  lane: Lane | "ping";
  priority: Priority;
}

export function queuesOf(instance: InstanceConfig, scope: WorkerScope): QueuePlace[] {
  const lanes = instance.lanes.filter((lane) => scope.lanes === undefined || scope.lanes.includes(lane));
  const places = [
    ...lanes.flatMap((lane) => PRIORITIES.map((priority) => ({ lane, priority }))),
    { lane: "ping", priority: "interactive" } as const,
  ];
  return places.map((place) => ({ ...place, name: queueName(instance.name, place.lane, place.priority) }));
}

export function serves(instance: InstanceConfig, lane: Lane, scope: WorkerScope): boolean {
  return queuesOf(instance, scope).some((place) => place.lane === lane);
}
