/** Routes that take requests: one action, a batch, and the catalog of what there is. */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { z } from "zod";
import { ACTION_NAMES, findAction } from "../../src/actions/catalog.ts";
import { Failure } from "../../src/contract/failure.ts";
import { inputSchemaOf } from "../../src/contract/input-schema.ts";
import type { Result } from "../../src/contract/result.ts";
import type { Enqueued } from "../../src/queue/enqueue.ts";
import type { JobRequest } from "../../src/queue/request.ts";
import { WaitTimeout } from "../../src/results/wait.ts";
import { ACTIONS, describeAction } from "../catalog.ts";
import type { Caller } from "./caller.ts";
import { asUtf8 } from "./headers.ts";
import { problemOf, sendProblem } from "./problem.ts";
import { actionHeaders, actionPath, batchBody, noQuery, waitQuery } from "./schemas.ts";
import { endOf, read, type Served } from "./served.ts";

export function addActionRoutes(app: FastifyInstance, served: Served): void {
  const { desk, identity } = served;
  // Once: to make a schema takes longer than to accept a job.
  const described = ACTIONS.map((action) => ({
    ...describeAction(action),
    input_schema: inputSchemaOf(action),
  }));

  app.post("/v1/actions/:action", async (request, reply) => {
    const caller = identity.of(request);
    const { action } = read(actionPath, request.params);
    const { wait } = read(waitQuery, request.query);
    const headers = read(actionHeaders, asUtf8(request.headers));
    refuseUnknown(caller, action, headers["defender-instance"]);
    const job = await desk.enqueue(caller, { action, input: request.body, options: optionsOf(headers) });
    reply.header("location", pathOf(job));
    if (wait === undefined) return await reply.status(202).send(toAccepted(job));
    try {
      return await answerIn(wait * 1_000, served, caller, job, endOf(reply, served), reply);
    } catch (error) {
      // The job goes on, so its ids must not be lost.
      return await sendProblem(reply, error, { job_id: job.jobId, case_id: job.caseId });
    }
  });

  app.post("/v1/actions", async (request, reply) => {
    read(noQuery, request.query);
    const jobs = await desk.enqueueMany(identity.of(request), toRequests(read(batchBody, request.body)));
    return await reply.status(202).send(jobs.map(toAccepted));
  });

  app.get("/v1/actions", async (request) => {
    read(noQuery, request.query);
    const caller = identity.of(request);
    return described.filter(({ name }) => caller.mayRunSomewhere(name));
  });
}

/** An action is a place here, so one that is not there is 404; for a caller with bounds it is out of them. */
function refuseUnknown(caller: Caller, action: string, instance: string): void {
  if (ACTION_NAMES.some((name) => name === action) || !caller.mayRun(action, instance)) return;
  const allowed = ACTION_NAMES.join(", ");
  try {
    findAction(action);
  } catch (error) {
    const { detail: message } = problemOf(error);
    throw new Failure("not_found", message, {
      faults: [{ field: "action", message, given: JSON.stringify(action), allowed }],
    });
  }
}

async function answerIn(
  timeoutMs: number,
  { pipe }: Served,
  caller: Caller,
  job: Enqueued,
  signal: AbortSignal,
  reply: FastifyReply,
): Promise<unknown> {
  let result: Result;
  try {
    result = await pipe.waitFor(caller, job, timeoutMs, signal);
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    return await reply.status(202).send(error.last);
  }
  return await reply.status(200).send(result);
}

function optionsOf(headers: z.output<typeof actionHeaders>): NonNullable<JobRequest["options"]> {
  return {
    idempotencyKey: headers["idempotency-key"],
    instance: headers["defender-instance"],
    priority: headers["defender-priority"],
    requestedBy: headers["defender-requested-by"],
    traceparent: headers.traceparent,
  };
}

function toRequests(batch: z.output<typeof batchBody>): JobRequest[] {
  return batch.map(({ action, input, options }) => ({
    action,
    input,
    options: {
      idempotencyKey: options?.idempotency_key,
      priority: options?.priority,
      expiresInMs: options?.expires_in_ms,
      requestedBy: options?.requested_by,
      traceparent: options?.traceparent,
      instance: options?.instance,
    },
  }));
}

export function toAccepted({ jobId, caseId, action, deduplicated }: Enqueued) {
  return { job_id: jobId, case_id: caseId, action, deduplicated };
}

function pathOf({ caseId, jobId }: Enqueued): string {
  return `/v1/cases/${encodeURIComponent(caseId)}/jobs/${encodeURIComponent(jobId)}`;
}
