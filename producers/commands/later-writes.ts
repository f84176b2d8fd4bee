/** Finds the writes that a replay would undo: a job that failed yesterday knows nothing of what was set today. */
import { catalog } from "../../src/actions/catalog.ts";
import type { Client, FailedJob, Result } from "../client.ts";

/** The last completed write after each job, of its own kind and to the same incident, by job id. Reads each incident once. */
export async function findLaterWrites(
  client: Pick<Client, "resultsForIncident">,
  jobs: readonly FailedJob[],
): Promise<Map<string, Result>> {
  const known = new Map<string, Promise<Result[]>>();
  const found = new Map<string, Result>();
  for (const job of jobs.filter(({ action }) => setsState(action))) {
    const { incidentId, instance, enqueuedAt, jobId } = job;
    if (incidentId === null || enqueuedAt === null) continue;
    const key = JSON.stringify([instance, incidentId]);
    const reading = known.get(key) ?? client.resultsForIncident(incidentId, { instance });
    known.set(key, reading);
    const later = (await reading).findLast(
      ({ status, action, enqueued_at }) =>
        status === "completed" && setsState(action) && Date.parse(enqueued_at) > Date.parse(enqueuedAt),
    );
    if (later !== undefined) found.set(jobId, later);
  }
  return found;
}

function setsState(name: string): boolean {
  const action = Object.values(catalog).find((known) => known.name === name);
  return action?.effect === "write" && action.leaves === "state";
}
