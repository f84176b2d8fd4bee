/** What tests of the board share: Bull Board's own table of routes, its list of queues, and a queue with something in it. */
import { appRoutes } from "@bull-board/api/dist/routes.js";
import { z } from "zod";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { makeRun } from "./finished-run.ts";
import { ask } from "./http.ts";
import { failNextJob, type Opened } from "./opened.ts";

export const INCIDENTS = "defender-default-incidents";
export const HUNTING = "defender-default-hunting";
export const CASE = { case_id: "4711", alert_group_identifiers: [] };
export const UPDATE = { ...CASE, incident_id: 29, status: "Resolved" } as const;

const listSchema = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      readOnlyMode: z.boolean(),
      isPaused: z.boolean(),
      jobs: z.array(z.record(z.string(), z.unknown())),
    }),
  ),
});

export async function listQueues(
  { url }: Pick<Opened, "url">,
  active = "",
  headers: Record<string, string> = {},
) {
  const { body } = await ask(`${url}/queues/api/queues?activeQueue=${active}`, { headers });
  return listSchema.parse(JSON.parse(body)).queues;
}

/** Every route of Bull Board, for one queue and one job. */
export function routesFor(jobId: string): { method: string; path: string }[] {
  return [appRoutes.entryPoint, ...appRoutes.api].flatMap(({ method, route }) =>
    [route].flat().map((path) => ({
      method: String(method).toUpperCase(),
      path: `/queues${path}`
        .replace(":queueName", INCIDENTS)
        .replace(":jobId", jobId)
        .replace(":queueStatus", "failed")
        .replace(":schedulerId", "none"),
    })),
  );
}
export const writesFor = (jobId: string) => routesFor(jobId).filter(({ method }) => method !== "GET");

/** A failed job, one that waits, and the bulk run `r1`. */
export async function fillQueue(ops: Opened) {
  const { client, prefix, queues, redis } = ops;
  await makeRun(ops, { max_failures: { percent: 100 } }, 2, [{ result: "failed", code: "not_found" }]);
  const failed = await client.enqueue("update_incident", UPDATE);
  await failNextJob(prefix, INCIDENTS, "not_found: no such incident");
  const waiting = await client.enqueue("update_incident", UPDATE);
  const queue = queues.get(INCIDENTS);
  const state = async () => [
    await queue.getJobCounts(),
    await queue.isPaused(),
    await queue.getGlobalConcurrency(),
    (await new RunReader(redis, prefix).list()).map((run) => [run.state, run.reason, run.counts]),
  ];
  return { failed: `${failed.jobId}-1`, waiting: `${waiting.jobId}-1`, state };
}
