/** Takes down what people do on the board, also what they were refused. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AuditDraft, Verb } from "../audit/entry.ts";
import type { Trail } from "../audit/trail.ts";
import { jobSchema } from "../contract/job.ts";
import type { Queues } from "../queue/queues.ts";
import { WRITES } from "./guard.ts";

export interface BoardTrailOptions {
  trail: Pick<Trail, "note">;
  queues: Queues;
  list(): Promise<readonly { name: string }[]>;
}

const VERBS: readonly [path: RegExp, verb: Verb][] = [
  [/\/pause$/, "pause"],
  [/\/resume$/, "unpause"],
  [/\/promote$/, "promote"],
  [/\/retry(?:\/|$)/, "retry"],
  [/\/clean(?:\/|$)/, "remove"],
];
const RUN_VERBS: Readonly<Record<string, Verb>> = {
  pause: "bulk_pause",
  resume: "bulk_resume",
  cancel: "bulk_cancel",
};

const paramsSchema = z.object({
  queueName: z.string().optional(),
  jobId: z.string().optional(),
  queueStatus: z.string().optional(),
  runId: z.string().optional(),
  verb: z.string().optional(),
});

export function addBoardTrail(app: FastifyInstance, { trail, queues, list }: BoardTrailOptions): void {
  /** Read before the deed, which may do away with the job. */
  const jobs = new WeakMap<FastifyRequest, Partial<AuditDraft>>();

  app.addHook("preHandler", async (request) => {
    if (!isWrite(request)) return;
    const { queueName, jobId } = paramsSchema.parse(request.params);
    const queue = (await list()).find(({ name }) => name === queueName);
    if (queue === undefined || jobId === undefined) return;
    const found = jobSchema.safeParse((await queues.get(queue.name).getJob(jobId))?.data).data;
    if (found === undefined) return;
    const { case_id, job_id, action, instance, requested_by } = found;
    jobs.set(request, { case_id, job_id, action, instance, requested_by });
  });

  // Before whoever asked has an answer.
  app.addHook("onSend", async (request, { statusCode: status }) => {
    const { caller } = request;
    const verb = verbOf(request);
    if (caller === null || verb === null) return;
    const { queueName, jobId, queueStatus, runId } = paramsSchema.parse(request.params);
    const isDone = status < 400;
    const noted = trail.note({
      verb,
      via: "board",
      caller: caller.name,
      outcome: isDone ? "accepted" : "refused",
      status,
      run_id: runId,
      queue: queueName,
      queue_job_id: jobId,
      ...(queueStatus !== undefined && { input: { all: queueStatus } }),
      ...jobs.get(request),
    });
    if (isDone) await noted;
  });
}

function isWrite({ method, routeOptions: { url } }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD" && WRITES.has(url ?? "");
}

function verbOf(request: FastifyRequest): Verb | null {
  if (!isWrite(request)) return null;
  const { verb } = paramsSchema.parse(request.params);
  if (verb !== undefined) return RUN_VERBS[verb] ?? null;
  const path = request.routeOptions.url ?? "";
  return VERBS.find(([pattern]) => pattern.test(path))?.[1] ?? null;
}
