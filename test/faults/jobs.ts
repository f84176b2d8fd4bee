/** Jobs that fault tests ask for, and how they are awaited. */
import type { ActionRequest, EnqueueOptions, Result } from "../../producers/client.ts";
import { type Accepted, CASE, type Rig } from "../support/rig.ts";

/** A hunting query that a fault can be aimed at by its mark. */
export function hunt(mark: string, options: EnqueueOptions = {}): ActionRequest {
  return { action: "execute_custom_query", input: { ...CASE, query: `print mark="${mark}"` }, options };
}

export function comment(incidentId: number, text: string, options: EnqueueOptions = {}): ActionRequest {
  const input = { ...CASE, incident_id: incidentId, comment: text };
  return { action: "add_comment_to_incident", input, options };
}

/** An update that the checker can follow, for its assignee is its own. */
export function assign(incidentId: number, who: string, options: EnqueueOptions = {}): ActionRequest {
  const input = { ...CASE, incident_id: incidentId, assign_to: `${who}@contoso.com` };
  return { action: "update_incident", input, options };
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export async function allOver(
  rig: Pick<Rig, "finish">,
  jobs: readonly Accepted[],
  timeoutMs: number,
): Promise<Result[]> {
  return await Promise.all(jobs.map((job) => rig.finish(job, timeoutMs)));
}

/** Resolves with the job's result as it is once it waits for this, for at least so long. */
export async function waitsFor(
  { client }: Pick<Rig, "client">,
  job: Accepted,
  reason: string,
  atLeastMs = 0,
): Promise<Result> {
  for await (const result of client.followCase(job.caseId)) {
    if (result.job_id !== job.jobId) continue;
    const leftMs = Date.parse(result.waiting?.until ?? "") - Date.now();
    if (result.waiting?.for === reason && leftMs >= atLeastMs) return result;
    if (result.finished_at !== null) throw new Error(`${job.jobId} ended and never waited for ${reason}`);
  }
  throw new Error(`nothing more is said of ${job.jobId}`);
}
