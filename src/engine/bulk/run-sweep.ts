/** What keeps runs going when whoever was to see to them died. */
import type { ItemStore } from "../../bulk/item-store.ts";
import { isOver, type RunStatus } from "../../bulk/run.ts";
import type { Queues } from "../../queue/queues.ts";
import { addTickets } from "../../queue/run-tickets.ts";
import { type TurnTools, wrapUp } from "./ticket.ts";

/** Gives tickets to a run that may have none, and brings one that is over to its report. `tools` are those of its instance. */
export async function sweepRun(
  runId: string,
  instance: string,
  tools: TurnTools,
  queues: Queues,
): Promise<void> {
  const reading = await tools.runs.read(runId);
  const isAtRest = reading === null || isOver(reading.status.state) ? await wrapUp(runId, tools) : false;
  if (isAtRest || reading === null) return;
  if (await hasWork(reading.status, reading.parked, tools.runs)) await addTickets(queues, instance, runId);
}

async function hasWork(run: RunStatus, parked: number, runs: ItemStore): Promise<boolean> {
  switch (run.state) {
    case "selecting":
      if (!run.is_selected) return run.selection.kind === "filter";
      return run.is_draft && !(await runs.isPlanned(run.run_id));
    case "paused":
      // What may have been written is still looked at.
      return run.counts.in_hand + parked > 0;
    default:
      return true;
  }
}
