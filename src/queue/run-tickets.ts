/** Tickets of runs: the jobs by which workers work on a run. Each does a turn, and goes back to the end of the queue. */
import type { JobsOptions } from "bullmq";
import { z } from "zod";
import { runsQueueName } from "./names.ts";
import { JOB_OPTIONS } from "./options.ts";
import type { Queues } from "./queues.ts";

/** Of one run at once. Runs get equally many turns, for each has as many tickets. */
const TICKETS = 2;

export const ticketSchema = z.object({ v: z.literal(1), run_id: z.string() });

/** A ticket that is over leaves nothing, for the next of its name must find its place free. */
const TICKET_OPTIONS = {
  ...JOB_OPTIONS,
  removeOnComplete: true,
  removeOnFail: true,
  // A ticket lives as long as its run: one trace of all its turns would be too long for anybody.
  telemetry: { omitContext: true },
} as const satisfies JobsOptions;

/** Adds those that are missing. */
export async function addTickets(queues: Queues, instance: string, runId: string): Promise<void> {
  const queue = queues.get(runsQueueName(instance));
  for (let number = 1; number <= TICKETS; number += 1)
    await queue.add("run", { v: 1, run_id: runId }, { ...TICKET_OPTIONS, jobId: ticketId(runId, number) });
}

/** One of a run's tickets, for what only one of them may do. */
export function isFirstTicket(runId: string, queueJobId: string): boolean {
  return queueJobId === ticketId(runId, 1);
}

function ticketId(runId: string, number: number): string {
  return `${runId}-${number}`;
}
